#include <algorithm>

#include "engine/base/error.h"
#include "engine/graph/graph.h"

namespace penstock {
namespace {

bool has(const std::vector<size_t>& slots, size_t slot) {
  return std::find(slots.begin(), slots.end(), slot) != slots.end();
}

bool reads(const BoundStage& stage, size_t slot) { return has(stage.in, slot) || has(stage.copy_from, slot); }

}  // namespace

void Graph::cut_behind(const std::string& id) {
  const auto at = std::find_if(stages.begin(), stages.end(), [&](const BoundStage& stage) { return stage.id == id; });
  PENSTOCK_CHECK(at != stages.end());
  if (at->kind == StageKind::kBatch)
    throw Error(Code::kUsage, "'" + id + "' works on whole batches, which are others in every epoch")
        .hint("put the cache on the last stage before it that works on records");
  Cut made{.stages = static_cast<size_t>(at - stages.begin()) + 1, .stage = id};
  made.canonical = std::string(PENSTOCK_VERSION) + "\n";
  for (size_t s = 0; s < made.stages; ++s) {
    if (stages[s].draws)
      throw Error(Code::kUsage,
                  "'" + stages[s].id + "' draws random numbers, so what it makes is another in every epoch")
          .hint("put the cache on a stage before it" +
                std::string(stages[s].id == id ? "" : ", or '" + stages[s].id + "' behind '" + id + "'"));
    made.canonical += stages[s].canonical + "\n";
  }
  const auto behind = [&](size_t slot) {
    return std::any_of(stages.begin() + static_cast<ptrdiff_t>(made.stages), stages.end(),
                       [&](const BoundStage& stage) { return reads(stage, slot); });
  };
  for (size_t slot = 0; slot < slots.size(); ++slot) {
    const Field& field = slots[slot].field;
    const bool written = std::any_of(stages.begin(), stages.begin() + static_cast<ptrdiff_t>(made.stages),
                                     [&](const BoundStage& stage) { return has(stage.out, slot); });
    const bool needed = behind(slot) || slots[slot].place == Place::kBatch;
    if (!needed || (!written && slots[slot].source_field < 0)) continue;
    if (field.extent == Extent::kUnbounded)
      throw Error(Code::kUsage, written ? "'" + field.name + "' has no largest size, so no room can be set aside for it"
                                        : "a stage behind it still reads '" + field.name + "', the encoded bytes")
          .hint("put the cache on a later stage");
    if (!written) continue;  // the source brings it again
    made.slots.push_back(slot);
    made.most_bytes += field.slot_bytes();
    if (field.extent != Extent::kFixed || field.optional) made.most_bytes += sizeof(int64_t);
    made.canonical += field.text() + "\n";
  }
  if (made.slots.empty()) throw Error(Code::kUsage, "nothing that '" + id + "' makes is used behind it");
  cut = std::move(made);
}

}  // namespace penstock
