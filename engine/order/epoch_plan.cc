#include "engine/order/epoch_plan.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/order/permutation.h"
#include "engine/order/philox.h"

namespace penstock {
namespace {

/// Where the blocks and groups of one epoch lie. "Place" is a block's number after the blocks were permuted.
class BlockLayout {
 public:
  struct Group {
    uint64_t index;
    uint64_t first;  ///< position of its first record
    uint64_t count;
  };

  BlockLayout(const PlanOptions& o, uint64_t epoch)
      : records_(o.records),
        block_(o.block),
        group_blocks_(o.group_blocks),
        blocks_((o.records - 1) / o.block + 1),
        missing_(blocks_ * o.block - o.records),
        places_(blocks_, derive_key(o.seed, epoch, 0, Purpose::kBlockShuffle)),
        short_place_(places_.position_of(blocks_ - 1)) {}

  Group group_at(uint64_t position) const {
    const uint64_t index = place_at(position) / group_blocks_;
    const uint64_t first_place = index * group_blocks_;
    const uint64_t end_place = first_place + std::min(group_blocks_, blocks_ - first_place);
    return {index, start_of(first_place), start_of(end_place) - start_of(first_place)};
  }
  /// The record at a position while the groups are not mixed yet.
  uint64_t record_at(uint64_t position) const {
    const uint64_t place = place_at(position);
    return places_.at(place) * block_ + (position - start_of(place));
  }
  /// The same where the position lies in the group that these are blocks_of().
  uint64_t record_at(uint64_t position, const Group& group, std::span<const uint64_t> blocks) const {
    const uint64_t place = place_at(position);
    return blocks[place - group.index * group_blocks_] + (position - start_of(place));
  }
  /// The first record of each block of a group, in the order of their places.
  std::vector<uint64_t> blocks_of(const Group& group) const {
    std::vector<uint64_t> out;
    const uint64_t first = group.index * group_blocks_;
    for (uint64_t place = first; place < first + std::min(group_blocks_, blocks_ - first); ++place)
      out.push_back(places_.at(place) * block_);
    return out;
  }

 private:
  uint64_t start_of(uint64_t place) const { return place * block_ - (place > short_place_ ? missing_ : 0); }
  uint64_t place_at(uint64_t position) const {
    if (position < short_place_ * block_) return position / block_;
    return (position + missing_) / block_;
  }

  uint64_t records_, block_, group_blocks_, blocks_;
  uint64_t missing_;  ///< records that the last block of the set lacks
  Permutation places_;
  uint64_t short_place_;
};

/// The order of one epoch; keeps the permutation of the group it was last asked for.
class EpochOrder {
 public:
  /// `asks`: for about how many records it is going to be asked.
  EpochOrder(const PlanOptions& o, uint64_t epoch, uint64_t asks)
      : order_(o.order), knows_blocks_(o.group_blocks <= asks) {
    if (order_ == Order::kFull) inner_.emplace(o.records, derive_key(o.seed, epoch, 0, Purpose::kFullShuffle));
    if (order_ == Order::kBlock) {
      layout_.emplace(o, epoch);
      group_key_ = derive_key(o.seed, epoch, 0, Purpose::kGroupShuffle);
    }
  }

  uint64_t record(uint64_t position) {
    switch (order_) {
      case Order::kSequential: return position;
      case Order::kFull: return inner_->at(position);
      case Order::kBlock: break;
    }
    if (!inner_ || position < group_.first || position - group_.first >= group_.count) {
      group_ = layout_->group_at(position);
      inner_.emplace(group_.count, group_key_, group_.index);
      if (knows_blocks_) blocks_ = layout_->blocks_of(group_);
    }
    const uint64_t mixed = group_.first + inner_->at(position - group_.first);
    return knows_blocks_ ? layout_->record_at(mixed, group_, blocks_) : layout_->record_at(mixed);
  }

 private:
  Order order_;
  bool knows_blocks_;  ///< of a group they are found once, where that is less than finding each record's
  std::vector<uint64_t> blocks_;
  std::optional<Permutation> inner_;  ///< of all records, or of the records of group_
  std::optional<BlockLayout> layout_;
  uint64_t group_key_ = 0;
  BlockLayout::Group group_{};
};

Error usage(std::string message) { return Error(Code::kUsage, std::move(message)); }

void validate(const PlanOptions& o) {
  const std::string batch = std::to_string(o.batch), records = std::to_string(o.records);
  if (o.records == 0) throw usage("cannot plan an epoch: the data set has no records");
  if (o.records > uint64_t{1} << 62) throw usage("cannot plan an epoch of " + records + " records: at most 2^62");
  if (o.batch == 0) throw usage("cannot plan an epoch: batch is 0").hint("set data.batch to 1 or more");
  if (o.batch > uint64_t{1} << 32) throw usage("cannot plan an epoch: batch " + batch + " is larger than 2^32");
  if (o.last == Last::kDrop && o.batch > o.records) {
    throw usage("batch " + batch + " is larger than the data set (" + records +
                " records), and incomplete batches are dropped: an epoch would be empty")
        .hint("set data.batch to " + records + " or less, or data.last to \"keep\"");
  }
  if (o.ranks == 0) throw usage("cannot plan an epoch for 0 ranks");
  if (o.rank >= o.ranks) {
    throw usage("rank " + std::to_string(o.rank) + " is not one of " + std::to_string(o.ranks) +
                " ranks: they count from 0");
  }
  if (o.batch < o.ranks) {
    throw usage("batch " + batch + " cannot be shared by " + std::to_string(o.ranks) + " ranks")
        .hint("data.batch counts the records of a step over all ranks: set it to at least one for each");
  }
  if (o.order == Order::kBlock && (o.block == 0 || o.group_blocks == 0)) {
    throw usage("block order needs blocks of at least one record in groups of at least one block, not " +
                std::to_string(o.block) + " and " + std::to_string(o.group_blocks));
  }
}

template <typename T>
T named(std::string_view name, std::initializer_list<T> all, std::string_view what) {
  std::string known;
  for (const T value : all) {
    if (name_of(value) == name) return value;
    known += (known.empty() ? "\"" : ", \"") + std::string(name_of(value)) + "\"";
  }
  throw usage("\"" + std::string(name) + "\" is no " + std::string(what)).hint("there are " + known);
}

}  // namespace

std::string_view name_of(Order order) {
  switch (order) {
    case Order::kSequential: return "sequential";
    case Order::kBlock: return "block";
    case Order::kFull: return "full";
  }
  return "unknown";
}

std::string_view name_of(Last last) {
  switch (last) {
    case Last::kDrop: return "drop";
    case Last::kKeep: return "keep";
    case Last::kWrap: return "wrap";
  }
  return "unknown";
}

Order order_named(std::string_view name) {
  return named(name, {Order::kSequential, Order::kBlock, Order::kFull}, "order of an epoch");
}

Last last_named(std::string_view name) {
  return named(name, {Last::kDrop, Last::kKeep, Last::kWrap}, "way to treat the last batch");
}

EpochPlan::EpochPlan(const PlanOptions& options) : options_(options) {
  validate(options_);
  // A block larger than the set is the set; this also keeps blocks * block below 2^63.
  if (options_.order == Order::kBlock) options_.block = std::min(options_.block, options_.records);
  steps_ = options_.records / options_.batch;
  if (options_.last != Last::kDrop && options_.records % options_.batch != 0) ++steps_;
}

uint64_t EpochPlan::positions_per_epoch() const {
  return options_.last == Last::kKeep ? options_.records : steps_ * options_.batch;
}

StepSlice EpochPlan::batch(uint64_t epoch, uint64_t step) const {
  PENSTOCK_CHECK(step < steps_);
  StepSlice slice{.epoch = epoch, .step = step};
  slice.global_first = step * options_.batch;
  slice.global_count = std::min(options_.batch, positions_per_epoch() - slice.global_first);
  const uint64_t each = slice.global_count / options_.ranks;
  const uint64_t one_more = slice.global_count % options_.ranks;
  slice.first = slice.global_first + options_.rank * each + std::min<uint64_t>(options_.rank, one_more);
  slice.count = each + (options_.rank < one_more ? 1 : 0);
  return slice;
}

uint64_t EpochPlan::record_at(uint64_t epoch, uint64_t position) const {
  return EpochOrder(options_, epoch, 1).record(position % options_.records);
}

void EpochPlan::records(uint64_t epoch, uint64_t first, std::span<uint64_t> out) const {
  EpochOrder order(options_, epoch, out.size());
  uint64_t position = first % options_.records;
  for (uint64_t& record : out) {
    record = order.record(position);
    if (++position == options_.records) position = 0;
  }
}

uint64_t EpochPlan::group_end(uint64_t epoch, uint64_t position) const {
  if (options_.order != Order::kBlock) return positions_per_epoch();
  const uint64_t within = position % options_.records;
  const BlockLayout::Group group = BlockLayout(options_, epoch).group_at(within);
  return std::min(position - within + group.first + group.count, std::max(position + 1, positions_per_epoch()));
}

std::vector<uint64_t> EpochPlan::group_blocks(uint64_t epoch, uint64_t position) const {
  PENSTOCK_CHECK(options_.order == Order::kBlock);
  const BlockLayout layout(options_, epoch);
  return layout.blocks_of(layout.group_at(position % options_.records));
}

uint64_t EpochPlan::replacement(uint64_t epoch, uint64_t position, uint32_t attempt) const {
  PENSTOCK_CHECK(attempt >= 1);
  position %= options_.records;
  if (options_.records == 1) {
    throw Error(Code::kData, "record 0 was rejected and the data set has no other to put in its place");
  }
  const uint64_t rejected = record_at(epoch, position);
  const uint64_t key = derive_key(options_.seed, epoch, 0, Purpose::kReplacement);
  const auto pick = [&](uint64_t count) {  // of the `count` others, without repeats
    return Permutation(count, key, position).at((attempt - 1) % count);
  };
  if (options_.order == Order::kBlock) {
    const BlockLayout layout(options_, epoch);
    const BlockLayout::Group group = layout.group_at(position);
    if (group.count > 1) {
      const uint64_t other = layout.record_at(group.first + pick(group.count - 1));
      // The group's last record is the one that pick() never gives: it takes the place of the rejected one.
      return other != rejected ? other : layout.record_at(group.first + group.count - 1);
    }
  }
  const uint64_t other = pick(options_.records - 1);
  return other != rejected ? other : options_.records - 1;
}

}  // namespace penstock
