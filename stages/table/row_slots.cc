#include "stages/table/row_slots.h"

#include <algorithm>
#include <thread>

#include "engine/order/epoch_plan.h"
#include "stages/table/encoded_piece.h"
#include "stages/table/row_walk.h"

namespace penstock::table {
namespace {

/// Pieces that are fetched ahead in sequential order: enough for a disk to have work while slices are parsed.
constexpr uint64_t kAhead = 6;

/// A row by itself costs up to ten times what it costs among its neighbours, of a table with few columns twice.
constexpr uint64_t kAlone = 4;

uint64_t pieces_of_all(const PieceMap& map) {
  uint64_t count = 0;
  for (uint64_t p = 0; p < map.pieces(); ++p) count += map.records(p) > 0 ? 1 : 0;
  return count;
}

/// Of records [first, last), at most: pieces without any of them are counted where they lie between.
uint64_t pieces_of(const PieceMap& map, uint64_t first, uint64_t last) {
  return map.piece_of(last - 1) - map.piece_of(first) + 1;
}

}  // namespace

SlotNeeds SlotNeeds::encoding() const {
  SlotNeeds out = *this;
  out.piece_bytes += out.encoded_bytes;
  return out;
}

SlotNeeds slot_needs(const EncodedTable& data, const Journey& journey) {
  const PieceMap& map = data.pieces();
  const PlanOptions& plan = journey.plan->options();
  const bool wraps = plan.last == Last::kWrap;  // then a batch reaches from the end of an epoch to its beginning
  SlotNeeds needs;
  needs.piece_bytes = std::max<uint64_t>(1, data.table().max_piece_bytes(data.encoder().columns()));
  needs.encoded_bytes = EncodedPiece::bytes_of(data, map.most_records());
  needs.scratch_bytes = std::max(1u, std::thread::hardware_concurrency()) * data.encoder().scratch_bytes(kDecodeRows);
  needs.all = std::max<uint64_t>(1, pieces_of_all(map));
  needs.comes_again = journey.batches > journey.plan->steps_per_epoch();
  uint64_t used = data.size(), touched = data.size();  // records of a section, and of all its pieces
  // A slice is brought as a whole, so all sections that it reaches into must have room together; it is part of a batch.
  if (plan.order == Order::kSequential) {
    for (uint64_t first = 0; first < data.size(); first += plan.batch)
      needs.least = std::max(needs.least, pieces_of(map, first, std::min(data.size(), first + 2 * plan.batch)));
    if (wraps) needs.least += pieces_of(map, 0, std::min(data.size(), plan.batch));
    needs.wanted = needs.least + kAhead;
  } else if (plan.order == Order::kBlock) {
    uint64_t most = 1;
    for (uint64_t first = 0; first < data.size(); first += plan.block)
      most = std::max(most, pieces_of(map, first, std::min(data.size(), first + plan.block)));
    const uint64_t group = plan.block * plan.group_blocks;
    // One group may be shorter by a block.
    const bool long_groups = group - plan.block >= plan.batch;
    const uint64_t groups = (long_groups ? 2 : (plan.batch + group - 1) / group + 2) + (wraps ? 1 : 0);
    needs.least = most * plan.group_blocks * groups;
    needs.wanted = needs.least + most * plan.group_blocks;
    used = std::min(group, data.size());
    touched = std::min(most * plan.group_blocks * map.most_records(), data.size());
  } else {
    needs.least = needs.all;
  }
  needs.encoding_pays = plan.order != Order::kSequential && used / plan.ranks * kAlone >= touched;
  needs.least = std::min(needs.least, needs.all);
  needs.wanted = needs.comes_again ? needs.all : std::clamp(needs.wanted, needs.least, needs.all);
  return needs;
}

}  // namespace penstock::table
