#include "engine/graph/graph.h"

#include <algorithm>

#include "engine/base/error.h"

namespace penstock {

BatchLayout BatchLayout::of(const Schema& schema, size_t capacity) {
  constexpr size_t kSlotAlignment = 4096;  // pages: what O_DIRECT, pinned memory and DMA want
  const auto aligned = [](size_t bytes) { return (bytes + kSlotAlignment - 1) / kSlotAlignment * kSlotAlignment; };
  BatchLayout layout;
  layout.capacity = capacity;
  for (const Field& field : schema.fields()) {
    Part part;
    part.values = layout.bytes;
    layout.bytes += aligned(field.slot_bytes() * capacity);
    if (field.extent == Extent::kRagged) {
      part.offsets = layout.bytes;
      layout.bytes += aligned((capacity + 1) * sizeof(int64_t));
    }
    if (field.optional) {
      part.present = layout.bytes;
      layout.bytes += aligned(capacity);
    }
    layout.parts.push_back(part);
  }
  return layout;
}

uint64_t Graph::slice_bytes_per_record() const {
  uint64_t bytes = 0;
  for (const Slot& slot : slots)
    if (slot.place == Place::kSlice) bytes += slot.field.slot_bytes();
  return bytes;
}

bool Graph::looks_before() const {
  return std::any_of(stages.begin(), stages.end(), [](const BoundStage& stage) { return stage.looks_before; });
}

void Graph::require_shares_alike() const {
  for (auto looks = stages.begin(); looks != stages.end(); ++looks) {
    if (!looks->looks_before) continue;
    for (auto before = stages.begin(); before != looks; ++before) {
      if (before->kind != StageKind::kBatch || before->looks_before) continue;
      for (const size_t slot : before->out)
        if (std::find(looks->in.begin(), looks->in.end(), slot) != looks->in.end())
          throw Error(Code::kUsage, "stage '" + looks->id +
                                        "' mixes records, also with one of another process's share, and batch stage '" +
                                        before->id + "' before it changes '" + slots[slot].field.name +
                                        "' of this process's share alone")
              .hint("put '" + looks->id + "' before '" + before->id + "', or train with one process");
    }
  }
}

uint64_t Graph::scratch_bytes() const {
  uint64_t bytes = 0;
  for (const BoundStage& stage : stages) bytes += stage.scratch_bytes;
  return bytes;
}

uint64_t Graph::resident_bytes() const {
  uint64_t bytes = 0;
  for (const BoundStage& stage : stages) bytes += stage.resident_bytes;
  return bytes;
}

std::string Graph::canonical() const {
  std::string text = source.text();
  for (const BoundStage& stage : stages) text += stage.canonical + "\n";
  return text + output.text();
}

}  // namespace penstock
