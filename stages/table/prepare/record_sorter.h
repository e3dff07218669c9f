// Sorts more rows of numbers than memory holds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/file/file.h"

namespace penstock::table {

/// Records of a fixed number of 64-bit words, sorted by the first `key_words` of them, each unsigned, the first one deciding first. Keys must be distinct, so
/// that the order is one. While they fit the memory given they are sorted there; else sorted runs go to files in `folder`, which are merged
/// by next(). Blocks of the files carry XXH3-64, checked when they are read back. One thread. The files go when the sorter does.
class RecordSorter {
 public:
  struct Options {
    size_t words = 1;
    size_t key_words = 1;
    uint64_t memory_bytes = 0;  ///< at least kLeastMemory is used
    std::string folder;         ///< of the runs; made when the first is written
    std::string name;           ///< begins the runs' names: two sorters of a folder have two
    io::FileSystem* fs = nullptr;
  };
  /// Of the runs' blocks: a merge holds two of them a run at least.
  static constexpr uint64_t kBlockBytes = uint64_t{64} << 10;
  static constexpr uint64_t kLeastMemory = 8 * kBlockBytes;

  explicit RecordSorter(Options options);
  ~RecordSorter();
  RecordSorter(const RecordSorter&) = delete;
  RecordSorter& operator=(const RecordSorter&) = delete;

  /// Copies `record`, of options.words words. Throws Error kIo where a run cannot be written.
  void add(std::span<const uint64_t> record);
  /// No more is added. Once.
  void sort();
  /// The next record in order, good until the next call; null behind the last. Throws Error kIo, and kData where a run was changed.
  const uint64_t* next();

  uint64_t records() const { return records_; }
  /// Written to disk: 0 where memory did.
  uint64_t spilled_bytes() const { return spilled_bytes_; }

 private:
  class Run;
  class RunWriter;
  struct Later;
  std::string run_path();
  void order_held();
  void spill();
  void merge_runs();
  void open_merge();
  const uint64_t* next_merged();

  Options options_;
  std::vector<uint64_t> held_;   ///< records in memory
  std::vector<uint32_t> order_;  ///< of them, once sorted
  size_t next_ = 0;
  std::vector<std::string> paths_;  ///< of runs
  std::vector<std::unique_ptr<Run>> heap_;
  std::unique_ptr<Run> given_;  ///< whose record next() gave last
  uint64_t records_ = 0, spilled_bytes_ = 0, run_number_ = 0;
};

}  // namespace penstock::table
