// Group steps over all rows: sorted by group and time, worked through, and brought back into the order of the rows.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "stages/table/prepare/record_sorter.h"
#include "stages/table/prepare/step.h"

namespace penstock::table {

/// What a block of rows gives to a pass: made on any thread, taken in the order of the rows.
struct GroupRecords {
  std::vector<uint64_t> words;  ///< records of GroupPass::words()
  uint64_t no_key = 0;          ///< rows without group or time, which have none
};

/// The steps of one level that share groups, time and direction: one sort serves them all. A group is told by 128 bits of XXH3 over its key, so that groups need no
/// memory (two of 10^12 groups meet with probability 10^-15). Memory: the sorters' share each, and the rows of a window or of a lag.
class GroupPass {
 public:
  struct Options {
    uint64_t memory_bytes = 0;  ///< of each of the two sorters
    std::string folder;
    std::string name;
    io::FileSystem* fs = nullptr;
  };
  /// The steps must outlive the pass.
  GroupPass(std::vector<const GroupStep*> steps, Options options);

  /// Words of a record: group (2), time, row, which steps have a value, and a value each.
  size_t words() const { return 5 + steps_.size(); }
  /// Thread-safe.
  GroupRecords records_of(const Frame& frame) const;
  /// In the order of the rows.
  void add(const GroupRecords& records);
  /// No more rows come: works through the groups. Once.
  void work();
  /// Fills the columns made in rows [frame.first, ...). Frames come in the order of the rows; rows between them are passed over.
  void fill(Frame& frame);

  const std::vector<const GroupStep*>& steps() const { return steps_; }
  uint64_t no_key() const { return no_key_; }
  uint64_t spilled_bytes() const { return spilled_bytes_ + (results_ ? results_->spilled_bytes() : 0); }

 private:
  std::vector<const GroupStep*> steps_;
  bool backwards_;
  size_t made_ = 0;  ///< columns of all steps
  Options options_;
  std::unique_ptr<RecordSorter> rows_, results_;
  const uint64_t* ahead_ = nullptr;  ///< the next result
  uint64_t no_key_ = 0, spilled_bytes_ = 0;
};

/// Puts steps together that can share a pass.
std::vector<std::vector<const GroupStep*>> together(const std::vector<const GroupStep*>& steps);

}  // namespace penstock::table
