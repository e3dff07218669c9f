#include "io/read/uring_queue.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <liburing.h>

#include "engine/base/clock.h"
#include "engine/base/error.h"

namespace penstock::io {
namespace {

/// Held while a ring is made or ends: the kernel may give one the memory of another.
std::mutex rings;

/// Hands all prepared entries to the kernel. It may be short of memory for a moment (the limit of a control group): what it did not take then is given again.
void submit_all(io_uring& ring) {
  while (io_uring_sq_ready(&ring) > 0) {
    const int rc = io_uring_submit(&ring);
    if (rc >= 0 || rc == -EINTR) continue;
    PENSTOCK_CHECK(rc == -EAGAIN || rc == -EBUSY || rc == -ENOMEM);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

constexpr uint64_t kExit = ~uint64_t{0};  // user data of the entry that ends the thread ...
constexpr uint64_t kWake = kExit - 1;     // ... and of the one that wakes it

/// Memory that reads go to, told to the kernel piece by piece as each is first read into: pinning a large window at once takes seconds, before the first read.
class RegisteredPieces {
 public:
  void lend(io_uring& ring, std::byte* memory, uint64_t bytes) {
    if (memory_ != nullptr || bytes == 0) return;
    const uint64_t pieces = std::min((bytes + kPiece - 1) / kPiece, kMostPieces);
    const int rc = io_uring_register_buffers_sparse(&ring, static_cast<unsigned>(pieces));
    if (rc < 0) {
      refused_ = std::strerror(-rc);
      return;
    }
    memory_ = memory;
    bytes_ = std::min(bytes, pieces * kPiece);
    known_.assign(pieces, false);
    add(ring, 0);  // so that a refusal is known now
  }
  void forget(io_uring& ring, std::byte* memory) {
    if (memory != memory_ || memory_ == nullptr) return;
    io_uring_unregister_buffers(&ring);
    memory_ = nullptr;
  }
  /// The piece that holds all of it; nothing where there is none.
  std::optional<int> piece_of(io_uring& ring, const std::byte* dest, uint64_t bytes) {
    if (memory_ == nullptr || dest < memory_ || dest + bytes > memory_ + bytes_) return std::nullopt;
    const uint64_t at = static_cast<uint64_t>(dest - memory_), piece = at / kPiece;
    if ((at + bytes - 1) / kPiece != piece) return std::nullopt;
    if (!known_[piece] && !add(ring, piece)) return std::nullopt;
    return static_cast<int>(piece);
  }
  std::string how() const {
    return !refused_.empty()    ? ", buffers not registered: " + refused_
           : memory_ != nullptr ? ", registered buffers"
                                : "";
  }

 private:
  static constexpr uint64_t kPiece = uint64_t{4} << 20;
  static constexpr uint64_t kMostPieces = 16384;  // IORING_MAX_REG_BUFFERS

  bool add(io_uring& ring, uint64_t piece) {
    if (!refused_.empty()) return false;
    const iovec buffer{memory_ + piece * kPiece, std::min(kPiece, bytes_ - piece * kPiece)};
    const int rc = io_uring_register_buffers_update_tag(&ring, static_cast<unsigned>(piece), &buffer, nullptr, 1);
    if (rc < 0) refused_ = std::strerror(-rc);  // the limit of locked memory, mostly: the other pieces stay
    return known_[piece] = rc >= 0;
  }

  std::byte* memory_ = nullptr;
  uint64_t bytes_ = 0;
  std::vector<bool> known_;
  std::string refused_;
};

/// One thread begins reads and takes completions out. It alone begins them, whoever submits: the kernel does a read that it cannot begin at once in the name of
/// the thread that began it, and cancels it (ECANCELED, EFAULT) when that thread ends.
class UringQueue final : public ReadQueue {
 public:
  UringQueue(FileSystem& fs, unsigned depth) : fs_(fs), depth_(depth), slots_(depth) {
    for (unsigned i = depth; i > 0; --i) free_.push_back(i - 1);
  }
  ~UringQueue() override {
    if (!ready_) return;
    stop();
    const std::lock_guard lock(rings);
    io_uring_queue_exit(&ring_);
  }

  int start() {
    // Two entries more than reads: those that wake and end the thread.
    {
      const std::lock_guard lock(rings);
      const int rc = io_uring_queue_init(depth_ + 2, &ring_, 0);
      if (rc < 0) return rc;
    }
    ready_ = true;
    thread_ = std::thread([this] { serve(); });
    return 0;
  }

  void submit(QueuedRead read) override {
    {
      const std::lock_guard lock(mutex_);
      if (!stopped_) {
        direct_ = direct_ && read.file->is_direct();
        waiting_.push_back(std::move(read));
        // With all slots taken, the next completion begins it.
        if (!woken_ && !free_.empty()) {
          woken_ = true;
          send(kWake);
        }
        return;
      }
    }
    read.done(-ECANCELED);
  }

  void stop() noexcept override {
    std::deque<QueuedRead> cancelled;
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      cancelled.swap(waiting_);
    }
    for (QueuedRead& read : cancelled) read.done(-ECANCELED);
    {
      std::unique_lock lock(mutex_);
      idle_.wait(lock, [&] { return in_flight_ == 0; });
      if (!thread_.joinable()) return;
      send(kExit);
    }
    thread_.join();
  }

  size_t pending() const override {
    const std::lock_guard lock(mutex_);
    return waiting_.size() + in_flight_;
  }
  Use use() const override {
    const std::lock_guard lock(mutex_);
    Use use = use_;
    if (in_flight_ > 0) use.busy_seconds += static_cast<double>(Clock::system().now_ns() - busy_since_) * 1e-9;
    return use;
  }
  std::string how() const override {
    const std::lock_guard lock(mutex_);
    return "io_uring, " + std::to_string(depth_) + " in flight, " +
           (direct_ ? "O_DIRECT" : "through the page cache (the file system has no O_DIRECT), pages dropped") +
           pieces_.how();
  }

  void lend(std::byte* memory, uint64_t bytes) override {
    const std::lock_guard lock(mutex_);
    pieces_.lend(ring_, memory, bytes);
  }
  void forget(std::byte* memory) override {
    const std::lock_guard lock(mutex_);
    pieces_.forget(ring_, memory);
  }

 private:
  struct Slot {
    QueuedRead read;
    uint64_t done = 0;
  };

  // Under the mutex.
  void send(uint64_t word) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    PENSTOCK_CHECK(entry != nullptr);  // every entry is submitted at once, so that the ring is empty here
    io_uring_prep_nop(entry);
    entry->user_data = word;
    submit_all(ring_);
  }

  // Under the mutex, on the queue's thread. `again`: reads that go on, before those that wait.
  void begin_waiting(const std::vector<unsigned>& again) {
    for (const unsigned number : again) prepare(number);
    size_t added = again.size();
    while (!waiting_.empty() && !free_.empty()) {
      const unsigned slot = free_.back();
      free_.pop_back();
      slots_[slot] = {std::move(waiting_.front()), 0};
      waiting_.pop_front();
      prepare(slot);
      ++added;
      if (in_flight_++ == 0) busy_since_ = Clock::system().now_ns();
    }
    if (added > 0) submit_all(ring_);
  }

  void prepare(unsigned number) {
    const Slot& slot = slots_[number];
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    PENSTOCK_CHECK(entry != nullptr);  // the ring has an entry for each slot, and each is submitted at once
    std::byte* dest = slot.read.dest + slot.done;
    const auto bytes = static_cast<unsigned>(slot.read.bytes - slot.done);
    if (const auto piece = pieces_.piece_of(ring_, dest, bytes))
      io_uring_prep_read_fixed(entry, slot.read.file->fd(), dest, bytes, slot.read.offset + slot.done, *piece);
    else
      io_uring_prep_read(entry, slot.read.file->fd(), dest, bytes, slot.read.offset + slot.done);
    entry->user_data = number;
  }

  void serve() {
    std::vector<io_uring_cqe*> completions(depth_ + 2);
    std::vector<std::pair<uint64_t, int>> ended;
    std::vector<unsigned> again;
    for (;;) {
      io_uring_cqe* first = nullptr;
      if (io_uring_wait_cqe(&ring_, &first) < 0) continue;  // EINTR
      const unsigned count =
          io_uring_peek_batch_cqe(&ring_, completions.data(), static_cast<unsigned>(completions.size()));
      ended.clear();
      for (unsigned i = 0; i < count; ++i) ended.emplace_back(completions[i]->user_data, completions[i]->res);
      io_uring_cq_advance(&ring_, count);
      again.clear();
      bool exit = false;
      for (const auto& [number, result] : ended) {
        exit = exit || number == kExit;
        if (number < depth_ && goes_on(static_cast<unsigned>(number), result))
          again.push_back(static_cast<unsigned>(number));
      }
      if (exit) return;  // nothing is in flight then
      const std::lock_guard lock(mutex_);
      woken_ = false;
      begin_waiting(again);
    }
  }

  // Ends a read, unless it has to go on.
  bool goes_on(unsigned number, int result) {
    Slot finished;
    int64_t total = 0;
    {
      const std::lock_guard lock(mutex_);
      Slot& slot = slots_[number];
      if (is_unfinished(slot, result)) return true;
      total = result < 0 ? result : static_cast<int64_t>(slot.done);
      finished = std::move(slot);
      ++use_.reads;
      use_.bytes += finished.done;
    }
    drop_pages(fs_, *finished.read.file, finished.read.offset, finished.done);
    finished.read.done(total);
    finished = {};  // a file that this was the last reader of is closed before stop() returns
    const std::lock_guard lock(mutex_);
    free_.push_back(number);
    if (--in_flight_ == 0) {
      use_.busy_seconds += static_cast<double>(Clock::system().now_ns() - busy_since_) * 1e-9;
      idle_.notify_all();
    }
    return false;
  }

  // Whether the read goes on: interrupted, or short though the file does not end there.
  static bool is_unfinished(Slot& slot, int result) {
    if (result == -EINTR || result == -EAGAIN) return true;
    if (result <= 0) return false;
    const uint64_t before = slot.done;
    slot.done += static_cast<uint64_t>(result);
    const uint64_t file_bytes = slot.read.file->bytes();
    if (slot.done >= slot.read.bytes || slot.read.offset + slot.done >= file_bytes) return false;
    if (!slot.read.file->is_direct()) return true;
    // A direct read goes on at a page. Less than one more page: the file was cut short since it was opened.
    const uint64_t pages = slot.done / QueuedRead::kAlignment * QueuedRead::kAlignment;
    if (pages == before) return false;
    slot.done = pages;
    return true;
  }

  FileSystem& fs_;
  const unsigned depth_;
  io_uring ring_ = {};
  bool ready_ = false;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<Slot> slots_;
  std::vector<unsigned> free_;
  std::deque<QueuedRead> waiting_;
  unsigned in_flight_ = 0;
  int64_t busy_since_ = 0;
  Use use_;
  bool stopped_ = false;
  bool woken_ = false;
  bool direct_ = true;
  RegisteredPieces pieces_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<ReadQueue> make_uring_queue(FileSystem& fs, unsigned depth, std::string* why) {
  auto queue = std::make_unique<UringQueue>(fs, std::max(1u, depth));
  const int rc = queue->start();
  if (rc == 0) return queue;
  *why = std::string("io_uring is refused: ") + std::strerror(-rc);
  return nullptr;
}

}  // namespace penstock::io
