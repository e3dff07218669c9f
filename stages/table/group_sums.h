// Sums by group, found by the group's key.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "io/table/table_block.h"
#include "stages/table/fitted.h"
#include "stages/table/text_hash.h"

namespace penstock::table {

/// Which fifth of the training rows a row is in.
inline size_t fold_of(uint64_t row) { return static_cast<size_t>(hash_int(static_cast<int64_t>(row)) % kFolds); }

/// An open-addressing table of GroupSums. Const members are thread-safe.
class GroupTable {
 public:
  GroupTable() = default;
  explicit GroupTable(std::span<const GroupSums> groups) {
    for (const GroupSums& group : groups) at(group.key) = group;
  }

  /// Made where it is missing; good until the next call.
  GroupSums& at(uint64_t key) {
    if (2 * (groups_.size() + 1) > slots_.size()) grow();
    size_t slot = key & (slots_.size() - 1);
    for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1))
      if (groups_[slots_[slot] - 1].key == key) return groups_[slots_[slot] - 1];
    groups_.push_back({.key = key});
    slots_[slot] = static_cast<uint32_t>(groups_.size());
    return groups_.back();
  }
  const GroupSums* find(uint64_t key) const {
    if (slots_.empty()) return nullptr;
    for (size_t slot = key & (slots_.size() - 1); slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1))
      if (groups_[slots_[slot] - 1].key == key) return &groups_[slots_[slot] - 1];
    return nullptr;
  }
  void merge(const GroupTable& other) {
    for (const GroupSums& from : other.groups_) {
      GroupSums& to = at(from.key);
      for (size_t f = 0; f < kFolds; ++f) {
        to.count[f] += from.count[f];
        to.sum[f] += from.sum[f];
      }
    }
  }
  void clear() {
    groups_.clear();
    slots_.assign(slots_.size(), 0);
  }
  const std::vector<GroupSums>& groups() const { return groups_; }
  uint64_t bytes() const { return groups_.capacity() * sizeof(GroupSums) + slots_.capacity() * sizeof(uint32_t); }

 private:
  void grow() {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
    for (size_t i = 0; i < groups_.size(); ++i) {
      size_t slot = groups_[i].key & (slots_.size() - 1);
      while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = static_cast<uint32_t>(i + 1);
    }
  }
  std::vector<GroupSums> groups_;
  std::vector<uint32_t> slots_;
};

/// What a cell adds to the key of its group. Missing cells are a value of their own.
inline uint64_t group_value(const io::ColumnBlock& column, size_t row) {
  if (column.is_missing(row)) return 0x6d697373696e6721u;
  if (column.type == io::ColumnType::kText) return hash_text(column.text(row));
  if (column.type == io::ColumnType::kReal) return hash_int(std::bit_cast<int64_t>(column.reals[row] + 0.0));
  return hash_int(column.ints[row]);
}

}  // namespace penstock::table
