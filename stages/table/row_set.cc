#include "stages/table/row_set.h"

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::table {

RowSet::RowSet(std::span<const Run> runs) {
  uint64_t count = 0;
  for (const Run& run : runs) {
    if (run.first == run.last) continue;
    if (run.first > run.last || (!runs_.empty() && run.first < runs_.back().last))
      throw Error(Code::kUsage, "rows [" + std::to_string(run.first) + ", " + std::to_string(run.last) +
                                    ") do not follow those before them");
    if (!runs_.empty() && runs_.back().last == run.first) {
      runs_.back().last = run.last;
    } else {
      runs_.push_back(run);
      begins_.push_back(count);
    }
    count += run.last - run.first;
  }
}

RowSet RowSet::all(uint64_t rows) {
  const Run run{0, rows};
  return RowSet(std::span(&run, 1));
}

RowSet RowSet::of(std::span<const uint64_t> rows) {
  std::vector<Run> runs;
  for (const uint64_t row : rows) {
    if (!runs.empty() && runs.back().last == row)
      ++runs.back().last;
    else
      runs.push_back({row, row + 1});
  }
  return RowSet(runs);
}

size_t RowSet::run_of(uint64_t id) const {
  return static_cast<size_t>(std::upper_bound(begins_.begin(), begins_.end(), id) - begins_.begin()) - 1;
}

uint64_t RowSet::row(uint64_t id) const {
  const size_t run = run_of(id);
  return runs_[run].first + (id - begins_[run]);
}

uint64_t RowSet::before(uint64_t row) const {
  const auto next = std::ranges::upper_bound(runs_, row, {}, &Run::first);
  if (next == runs_.begin()) return 0;
  const auto run = static_cast<size_t>(next - runs_.begin()) - 1;
  return begins_[run] + std::min(row, runs_[run].last) - runs_[run].first;
}

uint64_t RowSet::digest() const {
  io::Checksum sum;
  for (const Run& run : runs_) sum.add(run.first).add(run.last);
  return sum.value();
}

}  // namespace penstock::table
