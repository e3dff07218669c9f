#include "engine/run/slice.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace penstock {

SlicePlan::SlicePlan(const Graph& graph) : source_slot(graph.source.size()), wanted(graph.source.size(), false) {
  for (size_t s = 0; s < graph.slots.size(); ++s) {
    const Slot& slot = graph.slots[s];
    if (slot.source_field < 0) continue;
    const auto field = static_cast<size_t>(slot.source_field);
    source_slot[field] = s;
    const auto reads = [&](const BoundStage& stage) {
      return std::find(stage.in.begin(), stage.in.end(), s) != stage.in.end() ||
             std::find(stage.copy_from.begin(), stage.copy_from.end(), s) != stage.copy_from.end();
    };
    wanted[field] = slot.place == Place::kBatch || std::any_of(graph.stages.begin(), graph.stages.end(), reads);
    if (wanted[field] && slot.place == Place::kSlice) column_bytes_per_record += slot.field.slot_bytes();
  }
}

void Slice::refuse(size_t i, std::string stage, std::string reason) {
  if (refused.empty()) refused.resize(count);
  if (!refused[i].refused) refused[i] = {true, std::move(stage), std::move(reason)};
}

FieldView Slice::view(const Graph& graph, size_t slot_index, size_t i) const {
  const Slot& slot = graph.slots[slot_index];
  FieldView view{&slot.field, nullptr, 1, true};
  if (slot.place == Place::kBatch) {
    view.data = batch->row(slot.batch_field, first + i);
    if (slot.field.extent == Extent::kRagged) view.rows = batch->offsets(slot.batch_field)[first + i + 1];
    if (slot.field.optional) view.present = batch->present(slot.batch_field)[first + i] != 0;
    return view;
  }
  const Column& column = columns[slot_index];
  if (slot.place == Place::kBytes) {
    const std::span<const std::byte> bytes = column.bytes.empty() ? std::span<const std::byte>() : column.bytes[i];
    view.data = const_cast<std::byte*>(bytes.data());  // a FieldView of an input is read only by contract
    view.rows = static_cast<int64_t>(bytes.size() / slot.field.row_bytes());
  } else {
    view.data = column.data + i * slot.field.slot_bytes();
    if (slot.field.extent == Extent::kRagged) view.rows = column.rows[i];
  }
  if (slot.field.optional) view.present = column.present[i] != 0;
  return view;
}

SliceIntake::SliceIntake(const Graph& graph, const SlicePlan& plan, Slice& slice)
    : graph_(graph), plan_(plan), slice_(slice) {
  slice.columns.resize(graph.slots.size());
  for (size_t field = 0; field < plan.source_slot.size(); ++field) {
    if (!plan.wanted[field]) continue;
    const Slot& slot = graph.slots[plan.source_slot[field]];
    Slice::Column& column = slice.columns[plan.source_slot[field]];
    if (slot.place == Place::kBytes) column.bytes.resize(slice.count);
    if (slot.place == Place::kSlice) {
      column.data = slice.buffer ? slice.buffer->data() + slice.used : nullptr;  // no records: no buffer
      slice.used += slot.field.slot_bytes() * slice.count;
      if (slot.field.extent == Extent::kRagged) column.rows.resize(slice.count);
    }
    if (slot.place != Place::kBatch && slot.field.optional) column.present.resize(slice.count);
  }
}

void SliceIntake::set_present(const Slot& slot, size_t slot_index, size_t i, uint8_t present) {
  if (!slot.field.optional) return;
  if (slot.place == Place::kBatch)
    slice_.batch->present(slot.batch_field)[slice_.first + i] = present;
  else
    slice_.columns[slot_index].present[i] = present;
}

std::byte* SliceIntake::row(size_t field, size_t i) {
  if (!plan_.wanted[field]) return nullptr;
  const size_t at = plan_.source_slot[field];
  const Slot& slot = graph_.slots[at];
  set_present(slot, at, i, 1);
  if (slot.place == Place::kBatch) return slice_.batch->row(slot.batch_field, slice_.first + i);
  return slice_.columns[at].data + i * slot.field.slot_bytes();
}

std::byte* SliceIntake::rows(size_t field, size_t i, size_t rows) {
  if (!plan_.wanted[field]) return nullptr;
  const size_t at = plan_.source_slot[field];
  const Slot& slot = graph_.slots[at];
  set_present(slot, at, i, 1);
  if (slot.place == Place::kBytes) {
    if (slice_.is_made(i)) {  // it was not what it should be
      slice_.used -= slice_.made[i].size();
      slice_.made[i] = {};
    }
    const size_t bytes = rows * slot.field.row_bytes();
    PENSTOCK_CHECK(bytes == 0 || (slice_.buffer && slice_.used + bytes <= slice_.buffer->size()));
    std::byte* data = bytes == 0 ? nullptr : slice_.buffer->data() + slice_.used;
    slice_.used += bytes;
    slice_.columns[at].bytes[i] = {data, bytes};
    return data;
  }
  PENSTOCK_CHECK(slot.field.extent == Extent::kRagged && static_cast<int64_t>(rows) <= slot.field.max_rows);
  if (slot.place == Place::kBatch) {
    slice_.batch->offsets(slot.batch_field)[slice_.first + i + 1] = static_cast<int64_t>(rows);
    return slice_.batch->row(slot.batch_field, slice_.first + i);
  }
  slice_.columns[at].rows[i] = static_cast<int64_t>(rows);
  return slice_.columns[at].data + i * slot.field.slot_bytes();
}

void SliceIntake::lend(size_t field, size_t i, std::span<const std::byte> bytes) {
  if (!plan_.wanted[field]) return;
  const size_t at = plan_.source_slot[field];
  PENSTOCK_CHECK(graph_.slots[at].place == Place::kBytes);
  set_present(graph_.slots[at], at, i, 1);
  slice_.columns[at].bytes[i] = bytes;
}

std::byte* SliceIntake::made(size_t i, size_t bytes) {
  if (!graph_.cut) return nullptr;
  PENSTOCK_CHECK(bytes > 0 && bytes <= graph_.cut->most_bytes && slice_.used + bytes <= slice_.buffer->size());
  if (slice_.made.empty()) slice_.made.resize(slice_.count);
  std::byte* data = slice_.buffer->data() + slice_.used;
  slice_.used += bytes;
  slice_.made[i] = {data, bytes};
  return data;
}

void SliceIntake::absent(size_t field, size_t i) {
  if (!plan_.wanted[field]) return;
  const size_t at = plan_.source_slot[field];
  const Slot& slot = graph_.slots[at];
  PENSTOCK_CHECK(slot.field.optional);
  if (slot.field.extent == Extent::kFixed) std::memset(row(field, i), 0, slot.field.slot_bytes());
  if (slot.field.extent == Extent::kRagged) rows(field, i, 0);
  set_present(slot, at, i, 0);
}

void SliceIntake::reject(size_t i, std::string reason) { slice_.refuse(i, "read", std::move(reason)); }

}  // namespace penstock
