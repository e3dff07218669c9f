// Which record stands where in an epoch: law 1, "order is a function".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace penstock {

enum class Order {
  kSequential,  ///< as the data set has them
  kBlock,       ///< blocks permuted, records permuted inside a group of blocks: long reads for hard disks
  kFull,        ///< every record anywhere
};

/// What becomes of the records that fill no whole batch.
enum class Last {
  kDrop,  ///< left out (others each epoch, under a shuffle)
  kKeep,  ///< a shorter last batch
  kWrap,  ///< the last batch is filled up from the start of the same epoch
};

/// "sequential", "block", "full"; "drop", "keep", "wrap": as recipes say them.
std::string_view name_of(Order order);
std::string_view name_of(Last last);
/// The other way; an unknown name is an Error kUsage that names the known ones.
Order order_named(std::string_view name);
Last last_named(std::string_view name);

struct PlanOptions {
  uint64_t records = 0;
  uint64_t seed = 0;
  Order order = Order::kFull;
  Last last = Last::kDrop;
  uint64_t batch = 1;  ///< records of a step over all ranks
  uint32_t rank = 0;
  uint32_t ranks = 1;
  uint64_t block = 4096;       ///< kBlock: records of a block
  uint64_t group_blocks = 16;  ///< kBlock: blocks that are mixed with one another, i.e. the window of reading
};

/// One rank's share of one step: `count` positions from `first` on (both may be passed to EpochPlan::records). Under
/// kWrap, positions of the last step run past the number of records; record_at takes them as they are.
struct StepSlice {
  uint64_t epoch = 0;
  uint64_t step = 0;
  uint64_t first = 0;
  uint64_t count = 0;         ///< may be 0 for late ranks of a short last batch
  uint64_t global_first = 0;  ///< the whole step, over all ranks
  uint64_t global_count = 0;
};

/// The order of every epoch of a run, seekable at any position in constant time and without memory.
///
/// A global batch is a contiguous piece of the epoch's positions and ranks share it in rank order (the first ranks take
/// one more where it does not divide), so the batches do not depend on the number of ranks.
///
/// kBlock: block i holds the records [i * block, (i + 1) * block), the last one what is left. Blocks are permuted, then
/// cut into groups of `group_blocks` neighbours, and the records of each group are permuted among themselves. The
/// shorter block may come anywhere; every record comes exactly once.
///
/// Immutable: safe from any thread.
class EpochPlan {
 public:
  /// Error kUsage where no epoch can be made: no records, batch 0, a batch larger than the records under kDrop, fewer
  /// records in a batch than ranks, a rank outside its number, an empty block or group.
  explicit EpochPlan(const PlanOptions& options);

  const PlanOptions& options() const { return options_; }
  uint64_t records_in_set() const { return options_.records; }
  uint64_t steps_per_epoch() const { return steps_; }
  /// Positions that the steps of one epoch cover: below the records under kDrop, above them under kWrap.
  uint64_t positions_per_epoch() const;

  /// This rank's share of a step < steps_per_epoch().
  StepSlice batch(uint64_t epoch, uint64_t step) const;
  /// The record at a position. Positions past the end of the epoch count from its start again (kWrap).
  uint64_t record_at(uint64_t epoch, uint64_t position) const;
  /// record_at for out.size() positions from `first` on; much cheaper than one by one.
  void records(uint64_t epoch, uint64_t first, std::span<uint64_t> out) const;

  /// kBlock: the position behind the last one of the group that `position` stands in. Groups are of one length but for those with the shorter block in them, and
  /// the last. Under another order the end of the epoch; under kWrap, positions behind the records have groups of their own.
  uint64_t group_end(uint64_t epoch, uint64_t position) const;

  /// kBlock: the first record of each block of the group that `position` stands in, in the order in which the blocks were put.
  std::vector<uint64_t> group_blocks(uint64_t epoch, uint64_t position) const;

  /// The record that stands in for the one at `position`, which was rejected; attempt 1, 2, ... Never the rejected
  /// record itself, and no record twice before all have been tried. Out of the same block group under kBlock (so that
  /// it costs no far read; out of the whole set where the group has no other), else out of the whole set.
  /// Error kData where the set has but this one record.
  uint64_t replacement(uint64_t epoch, uint64_t position, uint32_t attempt) const;

 private:
  PlanOptions options_;
  uint64_t steps_ = 0;
};

}  // namespace penstock
