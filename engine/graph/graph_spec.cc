#include "engine/graph/graph_spec.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "engine/order/draws.h"

namespace penstock {
namespace {

/// Builds a Graph stage by stage: which slot each field name stands for at this point of the list.
class Binder {
 public:
  Binder(const Schema& source, const StageRegistry& registry) : registry_(registry) {
    graph_.source = source;
    for (size_t i = 0; i < source.size(); ++i) {
      Slot slot;
      slot.field = source.fields()[i];
      slot.source_field = static_cast<int>(i);
      now_[source.fields()[i].name] = push(std::move(slot));
    }
  }

  void add(const StageSpec& spec) {
    try {
      bind(spec);
    } catch (Error& error) {
      const std::string at = spec.where.text();
      throw error.add("binding stage '" + spec.id + "' (" + spec.name + ")" + (at.empty() ? "" : " at " + at));
    }
  }

  Graph finish() {
    Graph& graph = graph_;
    std::stable_partition(graph.stages.begin(), graph.stages.end(),
                          [](const BoundStage& stage) { return stage.kind != StageKind::kBatch; });
    for (const auto& [name, slot] : ordered_now()) {
      if (graph.slots[slot].field.extent == Extent::kUnbounded) continue;
      graph.slots[slot].batch_field = graph.output.size();
      graph.slots[slot].place = Place::kBatch;
      graph.output.add(graph.slots[slot].field);
    }
    for (Slot& slot : graph.slots)
      if (slot.field.extent == Extent::kUnbounded) slot.place = Place::kBytes;
    for (const BoundStage& stage : graph.stages)
      if (stage.kind == StageKind::kBatch) check_batch_stage(graph, stage);
    return std::move(graph_);
  }

 private:
  size_t push(Slot slot) {
    graph_.slots.push_back(std::move(slot));
    return graph_.slots.size() - 1;
  }

  /// Names in the order in which their slots were made, so that a batch's fields stand in the order of the recipe.
  std::vector<std::pair<std::string, size_t>> ordered_now() const {
    std::vector<std::pair<std::string, size_t>> all(now_.begin(), now_.end());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return all;
  }

  Schema schema_now() const {
    Schema schema;
    for (const auto& [name, slot] : ordered_now()) {
      Field field = graph_.slots[slot].field;
      field.name = name;
      schema.add(std::move(field));
    }
    return schema;
  }

  /// The schema as the stage sees it: renamed inputs stand under the stage's own names.
  Schema schema_for(const StageSpec& spec) const {
    const Schema now = schema_now();
    Schema seen = now;
    for (const auto& [own, actual] : spec.inputs) {
      Field field = now.require(actual, "inputs." + own + " of stage '" + spec.id + "'");
      field.name = own;
      seen.set(std::move(field));
    }
    return seen;
  }

  static std::string actual_name(const StageSpec& spec, const std::string& own, bool output) {
    if (output) {
      if (const auto it = spec.outputs.find(own); it != spec.outputs.end()) return it->second;
    }
    const auto it = spec.inputs.find(own);
    return it == spec.inputs.end() ? own : it->second;
  }

  void check_names(const StageSpec& spec, const Bound& bound) const {
    const auto check = [&](const auto& given, std::vector<std::string> known, const char* key) {
      for (const auto& [own, actual] : given) {
        if (std::find(known.begin(), known.end(), own) != known.end()) continue;
        throw Error(Code::kUsage,
                    std::string(key) + "." + own + ": the stage has no such field" + nearest_hint(own, known));
      }
    };
    std::vector<std::string> writes;
    for (const Field& field : bound.writes) writes.push_back(field.name);
    check(spec.inputs, bound.reads, "inputs");
    check(spec.outputs, writes, "outputs");
  }

  static StageKind kind_of(const Stage& stage) {
    if (dynamic_cast<const RecordStage*>(&stage) != nullptr) return StageKind::kRecord;
    if (dynamic_cast<const SliceStage*>(&stage) != nullptr) return StageKind::kSlice;
    PENSTOCK_CHECK(dynamic_cast<const BatchStage*>(&stage) != nullptr);
    return StageKind::kBatch;
  }

  void bind(const StageSpec& spec) {
    const StageInfo& info = registry_.require(spec.name, spec.where);
    BoundStage stage;
    stage.id = spec.id;
    stage.name = spec.name;
    stage.stage = info.make(spec.params, spec.id);
    stage.kind = kind_of(*stage.stage);
    const Bound bound = stage.stage->bind(schema_for(spec));
    check_names(spec, bound);

    for (const std::string& own : bound.reads) {
      const std::string actual = actual_name(spec, own, false);
      const auto it = now_.find(actual);
      if (it == now_.end()) schema_now().require(actual, "stage '" + spec.id + "'");  // throws
      if (stage.kind != StageKind::kBatch) refuse_batch_field(it->second, spec);
      stage.in.push_back(it->second);
    }
    for (const Field& written : bound.writes) write(spec, bound, written, stage);
    for (const std::string& own : bound.drops) now_.erase(actual_name(spec, own, false));

    stage.draws = bound.draws;
    stage.looks_before = bound.looks_before;
    const std::string draw = spec.draw.empty() ? spec.id : spec.draw;
    stage.draw_key = draw_key(draw);
    stage.scratch_bytes = bound.scratch_bytes;
    stage.resident_bytes = bound.resident_bytes;
    stage.contents = bound.contents;
    stage.canonical = spec.name + " " + canonical_text(info.resolve(spec.params, spec.id));
    if (stage.draws) stage.canonical += " draw=" + draw;
    if (!stage.contents.empty()) stage.canonical += " contents=" + stage.contents;
    for (const auto& [own, actual] : spec.inputs) stage.canonical += " " + own + "<-" + actual;
    for (const auto& [own, actual] : spec.outputs) stage.canonical += " " + own + "->" + actual;
    stage.after = schema_now();
    graph_.stages.push_back(std::move(stage));
  }

  void write(const StageSpec& spec, const Bound& bound, const Field& written, BoundStage& stage) {
    const std::string target = actual_name(spec, written.name, true);
    size_t from = BoundStage::npos;
    const auto read = std::find(bound.reads.begin(), bound.reads.end(), written.name);
    if (read != bound.reads.end()) from = stage.in[static_cast<size_t>(read - bound.reads.begin())];
    const auto same_type = [&](const Field& a, const Field& b) {
      return a.dtype == b.dtype && a.shape == b.shape && a.extent == b.extent && a.max_rows == b.max_rows;
    };
    const bool keeps_type = from != BoundStage::npos && same_type(graph_.slots[from].field, written);
    const auto there = now_.find(target);
    if (keeps_type && there != now_.end() && there->second == from) {  // in place
      stage.out.push_back(from);
      stage.copy_from.push_back(BoundStage::npos);
      return;
    }
    if (stage.kind == StageKind::kBatch) check_new_batch_field(written, from != BoundStage::npos, target);
    Slot slot;
    slot.field = written;
    slot.field.name = target;
    const size_t made = push(std::move(slot));
    now_[target] = made;
    stage.out.push_back(made);
    // An in-place stage under another name: it finds its input already in its output.
    const bool copies = keeps_type && written.extent == Extent::kFixed;
    stage.copy_from.push_back(copies ? from : BoundStage::npos);
  }

  static void check_new_batch_field(const Field& written, bool also_read, const std::string& target) {
    if (also_read)
      throw Error(Code::kUsage, "a batch stage changes what it reads in place only, and '" + target +
                                    "' would have another name or type");
    if (written.extent != Extent::kFixed || written.optional)
      throw Error(Code::kUsage, "a batch stage makes fixed fields only, and '" + target + "' is " + written.text());
  }

  /// Batch stages see what lies in the batch when all slices are done.
  static void check_batch_stage(const Graph& graph, const BoundStage& stage) {
    for (const std::vector<size_t>* slots : {&stage.in, &stage.out})
      for (const size_t slot : *slots) {
        if (graph.slots[slot].place == Place::kBatch) continue;
        throw Error(Code::kUsage, "stage '" + stage.id + "' works on whole batches, and its field '" +
                                      graph.slots[slot].field.name + "' does not come into the batch as it is there")
            .hint("put '" + stage.id + "' behind the stages that change or drop '" + graph.slots[slot].field.name +
                  "'");
      }
  }

  void refuse_batch_field(size_t slot, const StageSpec& spec) const {
    for (const BoundStage& before : graph_.stages) {
      if (before.kind != StageKind::kBatch) continue;
      if (std::find(before.out.begin(), before.out.end(), slot) == before.out.end()) continue;
      throw Error(Code::kUsage, "stage '" + spec.id + "' works on slices but reads '" + graph_.slots[slot].field.name +
                                    "', which batch stage '" + before.id + "' changes after all slices are done")
          .hint("put '" + spec.id + "' before '" + before.id + "'");
    }
  }

  const StageRegistry& registry_;
  Graph graph_;
  std::map<std::string, size_t> now_;  ///< field name -> its newest slot
};

}  // namespace

GraphSpec& GraphSpec::add(std::string name, ParamMap params) {
  StageSpec spec;
  spec.name = std::move(name);
  spec.params = std::move(params);
  return add(std::move(spec));
}

GraphSpec& GraphSpec::add(StageSpec stage) {
  if (stage.id.empty()) stage.id = stage.name.substr(stage.name.rfind('.') + 1);
  stages_.push_back(std::move(stage));
  return *this;
}

Graph GraphSpec::bind(const Schema& source, const StageRegistry& registry, Mode mode) const {
  Binder binder(source, registry);
  std::set<std::string> ids;
  std::vector<const StageSpec*> cuts;
  for (const StageSpec& spec : stages_) {
    const When other = mode == Mode::kTrain ? When::kEval : When::kTrain;
    if (spec.when == other) {
      registry.require(spec.name, spec.where).make(spec.params, spec.id);  // its parameters must be right all the same
      continue;
    }
    if (!ids.insert(spec.id).second)
      throw Error(Code::kUsage, "two stages have the id '" + spec.id + "'").hint("give one of them another `id`");
    binder.add(spec);
    if (spec.cache == "ssd") cuts.push_back(&spec);
  }
  Graph graph = binder.finish();
  if (cuts.size() > 1)
    throw Error(Code::kUsage, "stages '" + cuts[0]->id + "' and '" + cuts[1]->id + "' both have a cache")
        .hint("keep the one whose output is worth more: a later one saves more work, an earlier one is often smaller");
  if (!cuts.empty()) {
    try {
      graph.cut_behind(cuts[0]->id);
    } catch (Error& error) {
      const std::string at = cuts[0]->where.text();
      throw error.add("cache = \"" + cuts[0]->cache + "\" of stage '" + cuts[0]->id + "'" +
                      (at.empty() ? "" : " at " + at));
    }
  }
  return graph;
}

}  // namespace penstock
