// Records in memory: the RAM tier. It never evicts: with exactly-once epochs nothing misses less than a fixed share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/memory/budget.h"
#include "engine/memory/buffer.h"

namespace penstock::io {

/// Bytes by record id, at most `capacity` with the table. What is added stays, and its bytes never move. Thread-safe.
class RamCache {
 public:
  /// What one record takes beside its bytes: its row in the table.
  static constexpr uint64_t kRowBytes = 88;

  /// `credit`: for all of the capacity.
  RamCache(uint64_t capacity, Credit credit) : capacity_(capacity), credit_(std::move(credit)) {}

  /// How a record stands with the cache.
  struct Entry {
    std::span<const std::byte> bytes;   ///< where it is here
    const void* coming_from = nullptr;  ///< where not: who is going to bring it
  };
  std::optional<Entry> find(uint64_t id) const;
  /// Sets room aside for a record that `who` is going to bring. False where there is no room, or it is here or on its way. What is planned before it is read
  /// is known to the plan of the next epoch, so that not one record is read that will be here by then.
  bool plan(uint64_t id, uint64_t bytes, const void* who);
  /// Keeps a copy of what was planned.
  void fill(uint64_t id, std::span<const std::byte> bytes);
  /// What was planned does not come: its room is lost, its row is not.
  void give_up(uint64_t id);

  uint64_t capacity() const { return capacity_; }
  uint64_t used() const { return used_; }
  uint64_t records() const;

 private:
  static constexpr uint64_t kBlockBytes = uint64_t{4} << 20;

  const uint64_t capacity_;
  Credit credit_;
  mutable std::shared_mutex mutex_;
  struct Row {
    std::byte* data = nullptr;
    uint64_t bytes = 0;
    const void* coming_from = nullptr;
  };
  std::unordered_map<uint64_t, Row> table_;
  std::vector<Buffer> blocks_;
  std::byte* free_ = nullptr;  ///< in the last block
  uint64_t free_bytes_ = 0;
  uint64_t records_ = 0;
  std::atomic<uint64_t> used_{0};
};

}  // namespace penstock::io
