#include "io/tier/record_store.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/file/framed_log.h"
#include "io/tier/segment_files.h"
#include "io/tier/store_format.h"

namespace penstock::io {
namespace {

// What a kill loses, at most: so many bytes, or what came in so long; sooner, where nothing came for a while.
constexpr uint64_t kCommitBytes = uint64_t{64} << 20;
constexpr std::chrono::milliseconds kLongest{2000}, kRest{200};
constexpr uint64_t kRowBytes = 72;  // of the table in memory: a row and its node

class SegmentStore final : public RecordStore {
 public:
  SegmentStore(FileSystem& fs, RecordStoreOptions options)
      : fs_(fs), options_(std::move(options)), folder_(StoreFormat::folder(options_.folder, options_.identity)) {}

  ~SegmentStore() override {
    if (!writer_.joinable()) return;
    flush();
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    writer_.join();
  }

  void start() {
    fs_.make_folders(folder_);
    lock_ = File(fs_, StoreFormat::lock(folder_), OpenMode::kOpenOrCreate);
    fills_ = ::flock(lock_.fd(), LOCK_EX | LOCK_NB) == 0;
    if (fills_) {
      write_head(fs_, options_, folder_);
      capacity_ = room_in_tier(fs_, options_, folder_);
      open_table();
      writer_ = std::thread([this] { write_on(); });
    } else {
      refresh();
    }
  }

  std::optional<Kept> find(uint64_t id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(id);
    if (found == rows_.end() || off_) return std::nullopt;
    return Kept{found->second.segment, found->second.offset, found->second.length, found->second.checksum};
  }
  std::string file_path(uint32_t file) const override { return StoreFormat::segment(folder_, file); }

  void drop(uint64_t id) override {
    const std::lock_guard lock(mutex_);
    kept_bytes_ -= rows_.contains(id) ? rows_[id].length : 0;
    rows_.erase(id);
    if (dropped_.insert(id).second && fills_) to_forget_.push_back({.id = id, .segment = StoreRow::kDropped});
  }

  void give_up(const std::string& why) override {
    {
      const std::lock_guard lock(mutex_);
      if (!off_) turn_off(why);
    }
    wake_.notify_all();
    flushed_.notify_all();
  }

  bool put(uint64_t id, std::span<const std::span<const std::byte>> parts) override {
    uint64_t bytes = 0;
    for (const auto& part : parts) bytes += part.size();
    {
      const std::lock_guard lock(mutex_);
      if (!fills_ || off_ || full_ || bytes == 0 || waiting_bytes_ + bytes > kMostWaiting ||
          used_ + bytes > capacity_ || rows_.contains(id) || dropped_.contains(id) || !on_way_.insert(id).second)
        return false;
      used_ += bytes + sizeof(StoreRow);
      waiting_bytes_ += bytes;
    }
    Waiting one{id, {}};
    one.bytes.reserve(bytes);
    for (const auto& part : parts) one.bytes.insert(one.bytes.end(), part.begin(), part.end());
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(one));
    }
    wake_.notify_all();
    return true;
  }

  bool wants(uint64_t id) const override {
    const std::lock_guard lock(mutex_);
    return fills_ && !off_ && !full_ && used_ < capacity_ && waiting_bytes_ < kMostWaiting && !rows_.contains(id) &&
           !dropped_.contains(id) && !on_way_.contains(id);
  }

  uint64_t room() const override {
    const std::lock_guard lock(mutex_);
    return full_ || off_ ? 0 : capacity_ - std::min(capacity_, used_);
  }
  bool fills() const override {
    const std::lock_guard lock(mutex_);
    return fills_ && !off_ && !full_;
  }
  uint64_t kept_records() const override {
    const std::lock_guard lock(mutex_);
    return off_ ? 0 : rows_.size();
  }
  uint64_t kept_bytes() const override {
    const std::lock_guard lock(mutex_);
    return off_ ? 0 : kept_bytes_;
  }

  bool flush() override {
    std::unique_lock lock(mutex_);
    if (fills_ && !off_ && writer_.joinable()) {
      flush_asked_ = true;
      wake_.notify_all();
      flushed_.wait(lock, [&] { return off_ || (waiting_.empty() && !writing_ && !flush_asked_); });
    }
    return !off_;
  }

  void refresh() override {
    const std::lock_guard lock(mutex_);
    if (fills_ || off_) return;
    try {
      if (!fs_.exists(StoreFormat::table(folder_))) return;
      FramedLogReader log(fs_, StoreFormat::table(folder_), StoreFormat::kTableKind);
      take_rows(log);
    } catch (const Error& error) { turn_off(error.message()); }
  }

  std::string fault() const override {
    const std::lock_guard lock(mutex_);
    return fault_;
  }
  uint64_t resident_bytes() const override {
    const std::lock_guard lock(mutex_);
    const uint64_t mean = std::max<uint64_t>(1, options_.wanted_bytes / std::max<uint64_t>(1, options_.records));
    const uint64_t rows = std::max<uint64_t>(rows_.size(), std::min(options_.records, capacity_ / mean));
    return rows * kRowBytes + (fills_ ? kMostWaiting + kCommitBytes / 4 : 0);
  }

 private:
  struct Waiting {
    uint64_t id = 0;
    std::vector<std::byte> bytes;
  };

  void open_table() {
    const std::string path = StoreFormat::table(folder_);
    try {
      if (fs_.exists(path)) {
        FramedLogReader log(fs_, path, StoreFormat::kTableKind);
        take_rows(log);
      }
    } catch (const Error& error) {
      if (error.code() != Code::kData) throw;
      fs_.unlink(path);  // no table of ours: what it spoke of is read from the source again
      rows_.clear();
    }
    std::unordered_set<std::string> spoken_of;  // other segments are bytes of a lost table: their room is wanted
    uint32_t last = 0;
    uint64_t last_bytes = 0;
    for (const auto& [id, row] : rows_) {
      spoken_of.insert(base_name(StoreFormat::segment(folder_, row.segment)));
      if (row.segment > last) last_bytes = 0;
      last = std::max(last, row.segment);
      if (row.segment == last) last_bytes = std::max(last_bytes, row.offset + row.length);
    }
    for (const FolderEntry& entry : fs_.list(folder_)) {
      if (entry.name.starts_with("segment-") && !spoken_of.contains(entry.name))
        fs_.unlink(join_path(folder_, entry.name));
    }
    segments_.open(fs_, folder_, last, last_bytes);
    table_.emplace(fs_, path, StoreFormat::kTableKind);
    used_ = bytes_of_store(fs_, folder_);
  }

  void take_rows(FramedLogReader& log) {
    rows_ = rows_of(log, options_.records);
    kept_bytes_ = 0;
    for (const uint64_t id : dropped_) rows_.erase(id);
    for (const auto& [id, row] : rows_) kept_bytes_ += row.length;
  }

  // The writing thread. What it writes gives way to what is read: the last of the usual priorities for the disk, nice for the core.
  void write_on() {
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 19);
    syscall(SYS_ioprio_set, 1 /* this thread */, 0, (2 << 13) | 7 /* best effort, last */);
    std::vector<StoreRow> fresh;  // written, not synced
    uint64_t fresh_bytes = 0;
    auto safe_at = std::chrono::steady_clock::now();
    for (;;) {
      std::deque<Waiting> batch;
      bool asked = false, rested = false;
      {
        std::unique_lock lock(mutex_);
        writing_ = false;
        flushed_.notify_all();
        const auto has_work = [&] { return ending_ || flush_asked_ || !waiting_.empty(); };
        // With nothing to write for a while, what was written is made safe.
        if (fresh.empty())
          wake_.wait(lock, has_work);
        else
          rested = !wake_.wait_for(lock, kRest, has_work) || std::chrono::steady_clock::now() - safe_at >= kLongest;
        if (off_ || (ending_ && waiting_.empty())) break;
        batch.swap(waiting_);
        fresh.insert(fresh.end(), to_forget_.begin(), to_forget_.end());
        to_forget_.clear();
        if (full_)
          batch.clear(), fresh.clear();  // what was synced is good; a log that met a full disk is not asked again
        asked = flush_asked_ && !full_;
        writing_ = true;
      }
      try {
        for (const Waiting& one : batch) {
          const bool is_right = !options_.is_right || options_.is_right(one.id, one.bytes);
          if (is_right) {
            fresh.push_back(write(one));
            fresh_bytes += one.bytes.size();
          }
          const std::lock_guard lock(mutex_);
          waiting_bytes_ -= one.bytes.size();
          on_way_.erase(one.id);
          if (is_right)
            publish(fresh.back());
          else
            used_ -= one.bytes.size() + sizeof(StoreRow);
        }
        if (fresh_bytes >= kCommitBytes || asked || rested) {
          commit(fresh);
          fresh_bytes = 0;
          safe_at = std::chrono::steady_clock::now();
          if (asked) table_->sync();
        }
      } catch (const Error& error) {
        const std::lock_guard lock(mutex_);
        out_of_order(error);
      }
      const std::lock_guard lock(mutex_);
      if (asked && waiting_.empty()) flush_asked_ = false;
      if (off_ || full_) {
        flush_asked_ = false;
        waiting_.clear();
        waiting_bytes_ = 0;
        fresh.clear();
        writing_ = false;
        flushed_.notify_all();
        if (off_) return;
      }
    }
    const std::lock_guard lock(mutex_);
    writing_ = false;
    flushed_.notify_all();
  }

  StoreRow write(const Waiting& one) {
    const SegmentFiles::Place place = segments_.append(one.bytes);
    return {.id = one.id,
            .offset = place.offset,
            .length = one.bytes.size(),
            .checksum = checksum(one.bytes),
            .segment = place.segment};
  }

  // Under the mutex: found from now on, by this process. The page cache gives what the disk has not yet.
  void publish(const StoreRow& row) {
    if (dropped_.contains(row.id)) return;
    rows_[row.id] = row;
    kept_bytes_ += row.length;
  }

  /// First the bytes, then the rows that speak of them.
  void commit(std::vector<StoreRow>& fresh) {
    if (fresh.empty()) return;
    segments_.sync();
    table_->append(std::as_bytes(std::span(fresh)));
    table_->flush();
    const uint64_t capacity = room_left_by_others(fs_, options_, folder_);
    const std::lock_guard lock(mutex_);
    capacity_ = capacity;
    fresh.clear();
  }

  void turn_off(const std::string& why) { off_ = true, fault_ = "is left out: " + why; }
  // Under the mutex. A full disk keeps what it has; a failing one is not asked again.
  void out_of_order(const Error& error) {
    if (is_of_a_full_disk(error)) {
      full_ = true;
      fault_ = "keeps no more than the " + bytes_text(kept_bytes_) + " it has: " + error.message();
      return;
    }
    turn_off(error.message());
  }

  FileSystem& fs_;
  const RecordStoreOptions options_;
  const std::string folder_;
  File lock_;
  bool fills_ = false;
  uint64_t capacity_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable wake_, flushed_;
  std::unordered_map<uint64_t, StoreRow> rows_;
  std::unordered_set<uint64_t> dropped_, on_way_;
  std::vector<StoreRow> to_forget_;
  std::deque<Waiting> waiting_;
  uint64_t waiting_bytes_ = 0, used_ = 0, kept_bytes_ = 0;
  bool flush_asked_ = false, writing_ = false, ending_ = false, off_ = false, full_ = false;
  std::string fault_;

  // The writing thread's own.
  SegmentFiles segments_;
  std::optional<FramedLogWriter> table_;
  std::thread writer_;
};

}  // namespace

std::unique_ptr<RecordStore> RecordStore::open(FileSystem& fs, RecordStoreOptions options) {
  if (fs.exists(options.folder) && !fs.is_folder(options.folder)) {
    throw Error(Code::kUsage, "'" + options.folder + "' is a file: the SSD tier is a folder")
        .hint("set budget.ssd.path to a folder on a fast disk; it is made where it is missing");
  }
  auto store = std::make_unique<SegmentStore>(fs, std::move(options));
  store->start();
  return store;
}

}  // namespace penstock::io
