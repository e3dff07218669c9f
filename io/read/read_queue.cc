#include "io/read/read_queue.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/base/clock.h"
#include "io/read/uring_queue.h"

namespace penstock::io {
namespace {

/// One thread, one read at a time, through the door.
class PreadQueue final : public ReadQueue {
 public:
  PreadQueue(FileSystem& fs, std::string why) : fs_(fs), why_(std::move(why)), thread_([this] { serve(); }) {}
  ~PreadQueue() override { stop(); }

  void submit(QueuedRead read) override {
    {
      const std::lock_guard lock(mutex_);
      if (!stopped_) {
        waiting_.push_back(std::move(read));
        wake_.notify_one();
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
    wake_.notify_all();
    for (QueuedRead& read : cancelled) read.done(-ECANCELED);
    if (thread_.joinable()) thread_.join();
  }

  size_t pending() const override {
    const std::lock_guard lock(mutex_);
    return waiting_.size() + (busy_ ? 1 : 0);
  }
  Use use() const override {
    const std::lock_guard lock(mutex_);
    return use_;
  }
  std::string how() const override { return "pread, one at a time (" + why_ + ")"; }

 private:
  void serve() {
    for (;;) {
      QueuedRead read;
      {
        std::unique_lock lock(mutex_);
        busy_ = false;
        wake_.wait(lock, [&] { return stopped_ || !waiting_.empty(); });
        if (stopped_) return;
        read = std::move(waiting_.front());
        waiting_.pop_front();
        busy_ = true;
      }
      const int64_t begin = Clock::system().now_ns();
      const int64_t result = do_read(read);
      {
        const std::lock_guard lock(mutex_);
        ++use_.reads;
        use_.bytes += static_cast<uint64_t>(std::max<int64_t>(0, result));
        use_.busy_seconds += static_cast<double>(Clock::system().now_ns() - begin) * 1e-9;
      }
      read.done(result);
    }
  }

  int64_t do_read(const QueuedRead& read) {
    uint64_t done = 0;
    while (done < read.bytes) {
      const ssize_t got = fs_.sys_pread(read.file->fd(), read.dest + done, read.bytes - done, read.offset + done);
      if (got == -EINTR || got == -EAGAIN) continue;
      if (got < 0) return got;
      if (got == 0) break;
      done += static_cast<uint64_t>(got);
    }
    drop_pages(fs_, *read.file, read.offset, done);
    return static_cast<int64_t>(done);
  }

  FileSystem& fs_;
  const std::string why_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<QueuedRead> waiting_;
  Use use_;
  bool stopped_ = false;
  bool busy_ = false;
  std::thread thread_;
};

}  // namespace

void drop_pages(FileSystem& fs, const ReadFile& file, uint64_t offset, uint64_t bytes) {
  if (!file.is_direct() && bytes > 0 && fs.passes_through())
    ::posix_fadvise(file.fd(), static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);
}

ReadFile::ReadFile(FileSystem& fs, std::string path, bool direct) : fs_(fs), path_(std::move(path)) {
  if (direct) fd_ = fs_.sys_open(path_.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC, 0);
  direct_ = direct && fd_ >= 0;
  if (fd_ < 0) fd_ = fs_.sys_open(path_.c_str(), O_RDONLY | O_CLOEXEC, 0);
  if (fd_ < 0) Fault::raise("open", path_, -fd_);
  FileStat stat;
  if (const int rc = fs_.sys_fstat(fd_, &stat); rc < 0) {
    fs_.sys_close(fd_);
    Fault::raise("look at", path_, -rc);
  }
  bytes_ = stat.bytes;
  // Reads come in the plan's order: what the kernel would read ahead is not what is asked for next.
  if (!direct_ && fs_.passes_through()) ::posix_fadvise(fd_, 0, 0, POSIX_FADV_RANDOM);
}

ReadFile::~ReadFile() {
  if (fd_ >= 0) fs_.sys_close(fd_);
}

std::unique_ptr<ReadQueue> make_read_queue(FileSystem& fs, unsigned depth, bool use_uring) {
  std::string why = "asked for";
  if (!fs.passes_through()) {
    why = "every call goes through the door for files";
  } else if (use_uring) {
    if (auto queue = make_uring_queue(fs, depth, &why)) return queue;
  }
  return std::make_unique<PreadQueue>(fs, why);
}

}  // namespace penstock::io
