// Which rows of a table a data set has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace penstock::table {

/// Rows in ascending order, as runs of neighbours: 24 bytes a run. The row at place `id` is found by bisection. Immutable, so safe from any thread.
class RowSet {
 public:
  struct Run {
    uint64_t first = 0, last = 0;  ///< rows [first, last)
    bool operator==(const Run&) const = default;
  };

  RowSet() = default;
  /// Ascending, not touching or overlapping runs; empty ones are left out. Error kUsage where they are not.
  explicit RowSet(std::span<const Run> runs);
  static RowSet all(uint64_t rows);
  /// Of ascending rows.
  static RowSet of(std::span<const uint64_t> rows);

  uint64_t size() const { return begins_.empty() ? 0 : begins_.back() + runs_.back().last - runs_.back().first; }
  uint64_t row(uint64_t id) const;
  /// How many of them are less than `row`: its place where it is one of them.
  uint64_t before(uint64_t row) const;
  /// Calls each(row, count) for the runs of places [first, last), in order.
  template <class Each>
  void runs(uint64_t first, uint64_t last, Each&& each) const;
  /// Adds the rows of places [first, last) to `out`, in order.
  void append(uint64_t first, uint64_t last, std::vector<uint64_t>& out) const {
    runs(first, last, [&](uint64_t row, uint64_t count) {
      for (const uint64_t end = row + count; row < end; ++row) out.push_back(row);
    });
  }
  /// Whether these are rows 0 .. size() - 1.
  bool is_whole() const { return runs_.empty() || (runs_.size() == 1 && runs_[0].first == 0); }
  const std::vector<Run>& runs() const { return runs_; }
  uint64_t digest() const;
  uint64_t bytes() const { return runs_.capacity() * sizeof(Run) + begins_.capacity() * sizeof(uint64_t); }

 private:
  size_t run_of(uint64_t id) const;

  std::vector<Run> runs_;
  std::vector<uint64_t> begins_;  ///< place of each run's first row
};

template <class Each>
void RowSet::runs(uint64_t first, uint64_t last, Each&& each) const {
  if (first >= last) return;
  for (size_t r = run_of(first); first < last; ++r) {
    const uint64_t row = runs_[r].first + (first - begins_[r]);
    const uint64_t count = std::min(last - first, runs_[r].last - row);
    each(row, count);
    first += count;
  }
}

}  // namespace penstock::table
