#include "engine/data/batch.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "engine/data/batch_block.h"

namespace penstock {

void BatchBlock::refuse(Rejection rejection) {
  const std::lock_guard lock(mutex_);
  rejections.push_back(std::move(rejection));
}

void BatchBlock::skip(size_t slot, Rejection rejection) {
  refuse(std::move(rejection));
  leave_out(slot);
}

void BatchBlock::leave_out(size_t slot) {
  const std::lock_guard lock(mutex_);
  skipped.push_back(slot);
}

void BatchBlock::close() {
  std::sort(rejections.begin(), rejections.end(), [](const Rejection& a, const Rejection& b) {
    return std::tie(a.position, a.attempt) < std::tie(b.position, b.attempt);
  });
  if (!skipped.empty()) drop_skipped();
  if (has_before) set_before_apart();
  for (size_t f = 0; f < graph->output.size(); ++f)
    if (graph->output.fields()[f].extent == Extent::kRagged) pack_ragged(f);
}

/// Moves the records that stay to the front, in order. While a batch is made, offsets[i + 1] holds the rows of record i.
void BatchBlock::drop_skipped() {
  std::sort(skipped.begin(), skipped.end());
  if (skipped.back() == ids.size() - 1) has_before = false;
  size_t kept = 0;
  size_t next_skip = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (next_skip < skipped.size() && skipped[next_skip] == i) {
      ++next_skip;
      continue;
    }
    if (kept != i) {
      ids[kept] = ids[i];
      positions[kept] = positions[i];
      for (size_t f = 0; f < graph->output.size(); ++f) {
        const Field& field = graph->output.fields()[f];
        std::memcpy(row(f, kept), row(f, i), field.slot_bytes());
        if (field.extent == Extent::kRagged) offsets(f)[kept + 1] = offsets(f)[i + 1];
        if (field.optional) present(f)[kept] = present(f)[i];
      }
    }
    ++kept;
  }
  ids.resize(kept);
  positions.resize(kept);
}

/// Where all others were skipped, the record before the only one is that one itself: there is none.
void BatchBlock::set_before_apart() {
  const uint64_t position = positions.back();
  id_before = ids.back();
  ids.pop_back();
  positions.pop_back();
  if (ids.empty() || (ids.size() == 1 && positions[0] == position)) has_before = false;
}

void BatchBlock::pack_ragged(size_t field) {
  const Field& what = graph->output.fields()[field];
  int64_t* ends = offsets(field);
  ends[0] = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const int64_t rows = ends[i + 1];
    std::memmove(values(field) + static_cast<size_t>(ends[i]) * what.row_bytes(), row(field, i),
                 static_cast<size_t>(rows) * what.row_bytes());
    ends[i + 1] = ends[i] + rows;
  }
}

size_t Batch::size() const { return block_->ids.size(); }
uint64_t Batch::sequence() const { return block_->sequence; }
uint64_t Batch::epoch() const { return block_->epoch; }
uint64_t Batch::step() const { return block_->step; }
uint64_t Batch::first_position() const { return block_->first_position; }
std::span<const uint64_t> Batch::ids() const { return block_->ids; }
std::optional<Batch::Before> Batch::before() const {
  if (block_->has_before) return Before{block_->id_before, size()};
  if (!block_->is_whole || size() < 2) return std::nullopt;
  return Before{block_->ids.back(), size() - 1};
}
std::span<const uint64_t> Batch::positions() const { return block_->positions; }
std::span<const Rejection> Batch::rejections() const { return block_->rejections; }
const Schema& Batch::schema() const { return block_->graph->output; }

Tensor Batch::operator[](std::string_view field) const {
  schema().require(field, "a reader of the batch");
  return tensor(schema().index_of(field));
}

Tensor Batch::tensor(size_t index) const {
  const Field& field = schema().fields()[index];
  const auto n = static_cast<int64_t>(size());
  Tensor tensor;
  tensor.dtype = field.dtype;
  tensor.data = block_->values(index);
  int64_t rows = n;
  if (field.extent == Extent::kRagged) {
    tensor.offsets = {block_->offsets(index), size() + 1};
    rows = tensor.offsets.back();
  }
  tensor.shape = field.shape;
  tensor.shape.insert(tensor.shape.begin(), rows);
  tensor.bytes = field.row_bytes() * static_cast<size_t>(rows);
  if (field.optional) tensor.present = {block_->present(index), size()};
  return tensor;
}

}  // namespace penstock
