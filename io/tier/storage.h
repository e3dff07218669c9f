// A data set on its tiers: what a run reads from, hard disk to SSD to RAM, by the plan of its epochs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/memory/budget.h"
#include "io/data/dataset.h"
#include "io/read/disk.h"
#include "io/tier/ram_cache.h"
#include "io/tier/record_store.h"

namespace penstock::io {

class SourceFiles;

/// A folder on a fast disk, and how much of it.
struct SsdTier {
  std::string folder;
  uint64_t quota_bytes = 0;
};

struct StorageOptions {
  /// Of the window that is read ahead; nothing: chosen from what the budget has left and what the order needs.
  std::optional<uint64_t> window_bytes;
  /// Of records kept in RAM from one epoch to the next; nothing: half of what the budget has left once the run has its share, where epochs are to come.
  std::optional<uint64_t> ram_bytes;
  std::optional<SsdTier> ssd;
  uint64_t epochs = 1;  ///< of the whole job: a record is kept only where it will be asked for again
  /// The disks' models; empty: disk_of().
  std::function<DiskModel(const std::string& path)> disk_of = {};
  /// Records that stages will make nothing of, since somebody holds what they made: read() brings all of such a record but its unbounded bytes. Asked when
  /// reading is planned, so what was once held must stay so. May be empty; called from any thread.
  std::function<bool(uint64_t id)> elsewhere = {};
  bool direct = true;  ///< reads past the page cache where the file system can
};

/// A Source over a data set (which must outlive it): same records, same ids, read by plan. Each run that starts on it gets a reader of its own; the RAM tier and the SSD
/// tier are shared by all of them, one after the other or at once. Data sets without extents bring their own readers, or none.
///
/// Where the graph of a run has a cut (cache = "ssd" on a stage), the SSD tier keeps what the stages before it made, and not the encoded records; there is no RAM tier then.
///
/// One reader, in words: the journey of the run is cut into *windows* (a block group, or as much as fits a quarter of the memory). A window's
/// records are looked up in RAM, then on the SSD; the rest becomes reads of the disks they lie on, sorted by physical place, neighbours together.
/// One thread a reader issues them in that order, one queue a disk keeps them in flight; they land in frames, and a record is handed out as soon as its
/// frames are there. Frames come back when their records were handed out: that is the backpressure. Memory: window_bytes, taken from the budget
/// once, and never more.
///
/// A record whose bytes are not its own (checksum) or that cannot be read is tried three times before it is rejected; from the SSD, the source is asked
/// instead. A tier that fails is left out, with a note; the run goes on.
class Storage final : public Source {
 public:
  Storage(const Dataset& data, StorageOptions options);
  ~Storage() override;

  const Dataset& data() const { return data_; }
  /// What a user should know: how each disk is read, a tier that was left out, a window too small for its order. A sentence each; grows.
  std::vector<std::string> notes() const;
  /// Of the SSD tier, as far as runs have opened it: records kept and their bytes.
  uint64_t ssd_records() const;
  uint64_t ssd_bytes() const;
  uint64_t ram_records() const;
  /// What the disks' models say of the reads of one whole epoch without any tier, and the memory that would be read into: nothing is read. From up to
  /// `most_windows` windows, the rest reckoned from those.
  struct Prediction {
    struct Disk {
      DiskModel model;
      double seconds = 0;
      uint64_t bytes = 0;
    };
    std::vector<Disk> disks;
    uint64_t window_bytes = 0;
  };
  Prediction predict_epoch(const EpochPlan& plan, Budgets& budgets, uint64_t most_windows = 64) const;
  /// Writes what waits for the SSD. Call it at the end of a job; false where the tier is off.
  bool flush();

  const Schema& schema() const override { return data_.schema(); }
  uint64_t size() const override { return data_.size(); }
  uint64_t fingerprint() const override { return data_.fingerprint(); }
  uint64_t record_bytes(uint64_t id) const override { return data_.record_bytes(id); }
  uint64_t max_record_bytes() const override { return data_.max_record_bytes(); }
  uint64_t resident_bytes() const override { return data_.resident_bytes(); }
  void read(std::span<const uint64_t> ids, Intake& out) const override { data_.read(ids, out); }
  bool waits() const override { return data_.waits(); }
  std::string_view unpacks() const override { return data_.unpacks(); }
  /// Throws kMemory where `budgets` are too small, and kUsage where the SSD tier's folder cannot be one; a failing SSD is a note.
  std::unique_ptr<Reader> start(const Journey& journey, Budgets& budgets) const override;
  uint64_t least_bytes(const Journey& journey) const override;
  void ids_at(std::span<uint64_t> places) const override { data_.ids_at(places); }
  bool verified(uint64_t id) const override { return data_.verified(id) || was_checked(id); }
  /// Remembered as long as the storage, a bit a record, of data sets of up to 2^27 records (16 MiB).
  void note_verified(uint64_t id) const override;
  Location locate(uint64_t id) const override { return data_.locate(id); }

 private:
  friend class PlannedReader;
  static constexpr uint64_t kMostChecked = uint64_t{1} << 27;
  bool was_checked(uint64_t id) const {
    return id / 64 < checked_.size() && (checked_[id / 64].load(std::memory_order_relaxed) >> (id % 64) & 1) != 0;
  }
  void note(std::string text) const;
  /// The store of what this journey keeps on the SSD; null where there is none. Opened once.
  RecordStore* store_of(const Journey& journey) const;
  /// The RAM tier, made by the first run that leaves room for it.
  std::shared_ptr<RamCache> ram_tier(const Journey& journey, Budgets& budgets, uint64_t left) const;
  std::unique_ptr<SourceFiles> source_files() const;
  DiskModel disk(const std::string& path) const;

  const Dataset& data_;
  StorageOptions options_;
  mutable std::mutex mutex_;
  mutable std::map<uint64_t, std::unique_ptr<RecordStore>> stores_;  ///< by identity; null: it could not be opened
  mutable std::vector<std::string> notes_;
  mutable std::shared_ptr<RamCache> ram_;               ///< made by the first run, which knows what it needs itself
  mutable std::vector<std::atomic<uint64_t>> checked_;  ///< records that stages checked, a bit each
};

}  // namespace penstock::io
