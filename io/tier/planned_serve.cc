// The side of a PlannedReader that the run's threads call.
#include <algorithm>
#include <cstring>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/tier/planned_reader.h"

namespace penstock::io {
namespace {

constexpr int kAttempts = 3;             // to read one record
constexpr unsigned kFailuresInARow = 8;  // records that no attempt could read, before it is the disk that failed

/// One record of a data set into row `row` of an intake that may have given its place for it already.
class OneRow final : public Intake {
 public:
  OneRow(Intake& out, size_t row, std::byte* dest) : out_(out), row_(row), dest_(dest) {}
  size_t count() const override { return 1; }
  std::byte* row(size_t field, size_t) override { return out_.row(field, row_); }
  std::byte* rows(size_t field, size_t, size_t rows) override {
    if (field != Dataset::kBytesField) return out_.rows(field, row_, rows);
    if (dest_ == nullptr) dest_ = out_.rows(field, row_, rows);
    return dest_;
  }
  void lend(size_t field, size_t, std::span<const std::byte> bytes) override { out_.lend(field, row_, bytes); }
  void absent(size_t field, size_t) override { out_.absent(field, row_); }
  void reject(size_t, std::string reason) override { reason_ = std::move(reason); }

  const std::string& reason() const { return reason_; }
  void clear() { reason_.clear(); }

 private:
  Intake& out_;
  size_t row_;
  std::byte* dest_;
  std::string reason_;
};

}  // namespace

void PlannedReader::read(const Asked& asked, Intake& out) {
  const size_t n = asked.ids.size();
  for (size_t i = 0; i < n;) {
    const std::optional<uint64_t> ordinal =
        asked.attempt > 0 ? std::nullopt : walk_.ordinal(asked.epoch, asked.positions[i]);
    if (!ordinal) {
      read_directly(asked.ids[i], i, nullptr, out);
      ++i;
      continue;
    }
    const std::shared_ptr<Window> window = window_of(*ordinal);
    const size_t first = *ordinal - window->first;
    size_t count = 1;
    while (i + count < n && *ordinal + count < window->last && asked.positions[i + count] == asked.positions[i] + count)
      ++count;
    // Nothing is kept from its end by a wait for many: all of a window fits the frames, and all before this window was handed out by whoever came before.
    wait_for(*window, first, count);
    for (size_t k = 0; k < count; ++k) serve(*window, window->records[first + k], i + k, out);
    hand_back(*window, first, count);
    i += count;
  }
}

/// Waits until the record's window is there.
std::shared_ptr<Window> PlannedReader::window_of(uint64_t ordinal) {
  std::unique_lock lock(mutex_);
  std::shared_ptr<Window> found;
  changed_.wait(lock, [&] {
    for (const std::shared_ptr<Window>& window : windows_) {
      if (ordinal >= window->first && ordinal < window->last) found = window;
    }
    return found != nullptr || stopped_ || error_;
  });
  if (found) return found;
  if (error_) std::rethrow_exception(error_);
  throw Error(Code::kCancelled, "the run was stopped");
}

/// Waits until `count` records from `first` on are there, or failed.
void PlannedReader::wait_for(Window& window, size_t first, size_t count) {
  std::unique_lock lock(mutex_);
  WindowWaiter waiter;
  for (size_t k = first; k < first + count; ++k) {
    WindowRecord& record = window.records[k];
    if (record.state != WindowRecord::State::kWaiting) continue;
    record.waiter = &waiter;
    ++waiter.left;
  }
  if (waiter.left == 0) return;
  waiters_.push_back(&waiter);
  waiter.wake.wait(lock, [&] { return waiter.left == 0 || stopped_ || error_; });
  std::erase(waiters_, &waiter);
  for (size_t k = first; k < first + count; ++k) window.records[k].waiter = nullptr;
  if (waiter.left == 0) return;
  if (error_) std::rethrow_exception(error_);
  throw Error(Code::kCancelled, "the run was stopped");
}

void PlannedReader::serve(Window& window, WindowRecord& record, size_t row, Intake& out) {
  if (record.from == WindowRecord::From::kRam && record.resident.data() == nullptr) wait_for_ram(record);
  data_.fill(record.id, row, out);
  if (record.from == WindowRecord::From::kNowhere) return;
  if (record.from == WindowRecord::From::kRam && record.state == WindowRecord::State::kReady) {
    out.lend(Dataset::kBytesField, row, record.resident);  // stays as long as the tier, which outlives the run
    return;
  }
  std::byte* dest = nullptr;
  bool whole = false;
  if (record.state == WindowRecord::State::kReady) {
    // The place is asked for once, even where the bytes turn out to be wrong.
    const bool made = cut_ && record.from == WindowRecord::From::kSsd;
    dest = made ? out.made(row, record.length) : out.rows(Dataset::kBytesField, row, record.length);
    whole = dest == nullptr || copy_out(window, record, dest);
    if (made && !whole) dest = nullptr;  // it is another place that the encoded bytes go to
  }
  if (record.from == WindowRecord::From::kSsd) judge_store(record, whole);
  if (!whole) read_directly(record.id, row, dest, out);
  settle(record, whole ? dest : nullptr);
}

/// A record that the SSD tier does not have after all is forgotten there; a tier that cannot be read, record after record, is left out.
void PlannedReader::judge_store(const WindowRecord& record, bool whole) {
  if (whole) {
    store_failures_in_a_row_ = 0;
    return;
  }
  store_->drop(record.id);
  if (record.state == WindowRecord::State::kFailed && ++store_failures_in_a_row_ == kFailuresInARow)
    store_->give_up(std::to_string(kFailuresInARow) +
                    " records in a row could not be read from it; look into the kernel's log (dmesg)");
}

/// The record was planned for the RAM tier by an earlier stop of this journey, which another thread may be handing out just now.
void PlannedReader::wait_for_ram(WindowRecord& record) {
  std::unique_lock lock(mutex_);
  std::optional<RamCache::Entry> entry;
  changed_.wait(lock, [&] {
    entry = ram_->find(record.id);
    return !entry || entry->coming_from == nullptr || stopped_ || error_;
  });
  if (entry && entry->coming_from == nullptr) {
    record.resident = entry->bytes;
    record.length = entry->bytes.size();
    return;
  }
  record.state = WindowRecord::State::kFailed;  // it did not come after all
}

/// Whether the bytes are the record's own.
bool PlannedReader::copy_out(Window& window, const WindowRecord& record, std::byte* dest) {
  const std::span<std::byte> bytes(dest, record.length);
  each_part(window, record, [&](std::span<const std::byte> part) {
    std::memcpy(dest, part.data(), part.size());
    dest += part.size();
  });
  return record.from == WindowRecord::From::kSsd ? checksum(bytes) == record.checksum
                                                 : data_.fault_of(record.id, bytes).empty();
}

/// Past all plans: a replacement, or a record whose planned read failed. Rejects it where it cannot be had.
void PlannedReader::read_directly(uint64_t id, size_t row, std::byte* dest, Intake& out) {
  OneRow one(out, row, dest);
  for (int attempt = 1;; ++attempt) {
    one.clear();
    try {
      data_.read({&id, 1}, one);
      failures_in_a_row_ = 0;
      if (one.reason().empty()) return;
      if (attempt < kAttempts) continue;
      out.reject(row, one.reason());
      return;
    } catch (Error& error) {
      if (error.code() != Code::kIo) throw;
      if (attempt < kAttempts) continue;
      if (++failures_in_a_row_ >= kFailuresInARow)
        throw error.add("reading " + std::to_string(kFailuresInARow) + " records in a row, none of which could be read")
            .hint("the disk may be gone or failing: look into the kernel's log (dmesg); the run can be resumed");
      out.reject(row, error.message() + " (tried " + std::to_string(kAttempts) + " times)");
      return;
    }
  }
}

void PlannedReader::hand_back(Window& window, size_t first, size_t count) {
  std::vector<uint32_t> free;
  bool gone = false;
  {
    const std::lock_guard lock(mutex_);
    for (size_t k = first; k < first + count; ++k) {
      const WindowRecord& record = window.records[k];
      const bool by_read =
          record.length > 0 && (record.from == WindowRecord::From::kDisk || record.from == WindowRecord::From::kSsd);
      if (by_read) {
        WindowRead& read = window.reads[record.read];
        const uint64_t begin = record.at / shape_.frame_bytes;
        const uint64_t end = (record.at + record.length - 1) / shape_.frame_bytes;
        for (uint64_t f = begin; f <= end; ++f) {
          if (--read.frames[f].users == 0) free.push_back(read.frames[f].frame);
        }
      }
      if (record.from == WindowRecord::From::kNowhere) continue;
      ++served_;
      const bool good = record.state == WindowRecord::State::kReady;
      Counts* counts = record.from == WindowRecord::From::kRam           ? &from_ram_
                       : record.from == WindowRecord::From::kSsd && good ? &from_ssd_
                                                                         : nullptr;
      if (counts == nullptr) {
        if (from_disk_.size() <= record.disk) from_disk_.resize(record.disk + 1);
        counts = &from_disk_[record.disk];
      }
      ++counts->hits;
      counts->bytes += record.length;
    }
    window.left -= count;
    while (!windows_.empty() && windows_.front()->left == 0) {
      windows_.pop_front();
      gone = true;
    }
  }
  frames_.give_back(free);
  if (gone) room_.notify_all();
}

/// Keeps the bytes in the RAM tier if they were planned for it; null: they did not come.
void PlannedReader::settle(WindowRecord& record, const std::byte* bytes) {
  if (!record.for_ram) return;
  if (bytes != nullptr)
    ram_->fill(record.id, {bytes, record.length});
  else
    ram_->give_up(record.id);
  {
    const std::lock_guard lock(mutex_);
    record.for_ram = false;
  }
  changed_.notify_all();
}

bool PlannedReader::wants(uint64_t id) const { return cut_ && store_ != nullptr && store_->wants(id); }

void PlannedReader::keep(uint64_t id, std::span<const std::byte> made) {
  if (cut_ && store_ != nullptr) store_->put(id, made);
}

}  // namespace penstock::io
