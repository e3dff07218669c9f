// Which records are worth a place on a faster tier.
#pragma once

#include <cstdint>

#include "io/data/dataset.h"
#include "io/read/disk.h"
#include "io/tier/source_files.h"

namespace penstock::io {

/// A tier that cannot hold all records keeps those that save the most time a byte, in every epoch to come. A scattered record of b bytes on a hard disk saves a
/// positioning and its transfer, positioning / b + 1 / rate a byte: the small ones. On an SSD it saves max(1 / rate, 1 / (reads_per_second b)). In long reads all bytes
/// are worth the same, 1 / rate of their disk, and whatever comes first is kept: whole blocks, since blocks are what comes. Immutable.
class KeepRule {
 public:
  /// Keeps everything.
  KeepRule() = default;
  /// The rule that fills `capacity_bytes`, from a sample of some thousand records. `dense`: they are read in long reads.
  static KeepRule choose(const Dataset& data, SourceFiles& files, bool dense, uint64_t capacity_bytes);

  bool keeps(const DiskModel& disk, uint64_t bytes) const { return value_of(disk, bytes, dense_) >= least_; }
  /// Seconds saved a byte, each time the record is asked for.
  static double value_of(const DiskModel& disk, uint64_t bytes, bool dense);

 private:
  bool dense_ = true;
  double least_ = 0;
};

}  // namespace penstock::io
