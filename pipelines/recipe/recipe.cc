#include "pipelines/recipe/recipe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "engine/base/error.h"
#include "pipelines/recipe/phases.h"
#include "pipelines/recipe/tree.h"

namespace penstock::pipelines {
namespace {

/// The keys of a [[stage]] that are not parameters of the stage.
struct StageHead {
  std::string name;
  std::optional<std::string> id;
  When when = When::kBoth;
  std::map<std::string, std::string> inputs;
  std::map<std::string, std::string> outputs;
  std::optional<std::string> draw;
  std::optional<std::string> cache;

  static void describe(ParamTable<StageHead>& t) {
    t.add("name", &StageHead::name, "which stage it is; `penstock stages` lists them", required(), not_empty());
    t.add("id", &StageHead::id, "its name in this recipe", not_empty());
    t.add("when", &StageHead::when, "in which graph it stands",
          one_of<When>({{"train", When::kTrain}, {"eval", When::kEval}, {"both", When::kBoth}}));
    t.add("inputs", &StageHead::inputs, "the stage's own name of a field = the field of this recipe");
    t.add("outputs", &StageHead::outputs, "the stage's own name of a field = the field of this recipe");
    t.add("draw", &StageHead::draw, "stages with the same draw share their random numbers", not_empty());
    t.add("cache", &StageHead::cache,
          "\"ssd\": what this stage and those before it make is kept in budget.ssd and not made again; none of them "
          "may draw; \"gpu\", on image.decode: whole decoded pictures stay in the memory of the training's devices, "
          "which "
          "crop and augment them there",
          one_of({"ssd", "gpu"}));
  }
};

bool in_same_graph(const StageSpec& a, const StageSpec& b) {
  return a.when == When::kBoth || b.when == When::kBoth || a.when == b.when;
}

std::string at(const Where& where) {
  const std::string text = where.text();
  return text.empty() ? "" : text + ": ";
}

void check_ids(const std::vector<StageSpec>& stages) {
  for (size_t i = 0; i < stages.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (stages[i].id != stages[j].id || !in_same_graph(stages[i], stages[j])) continue;
      const std::string first = stages[j].where.text();
      throw Error(Code::kUsage, at(stages[i].where) + "the stage id '" + stages[i].id + "' is used twice" +
                                    (first.empty() ? "" : ", first at " + first))
          .hint("give one of them another: id = \"...\"");
    }
  }
}

void check_input(const InputSection& input, const ValueMap& tree) {
  if (input.mean.size() == input.std.size()) return;
  const auto it = tree.find("input");
  throw Error(Code::kUsage, at(it == tree.end() ? Where{} : it->second.where) + "input.mean has " +
                                std::to_string(input.mean.size()) + " channels and input.std " +
                                std::to_string(input.std.size()));
}

void check_cache(const Recipe& recipe) {
  for (const StageSpec& stage : recipe.stages) {
    if (stage.cache == "gpu" && stage.name != "image.decode")
      throw Error(Code::kUsage, at(stage.where) + "stage '" + stage.id + "' (" + stage.name +
                                    ") says cache = \"gpu\", which keeps decoded pictures")
          .hint("say it on image.decode");
    if (stage.cache != "ssd" || recipe.budget.ssd) continue;
    throw Error(Code::kUsage,
                at(stage.where) + "stage '" + stage.id + "' says cache = \"ssd\", and budget.ssd is not set")
        .hint("say where it is and how much it may hold: [budget] ssd = { path = \"/fast/cache\", size = \"50GiB\" }");
  }
}

/// Networks of rows are small: bf16 would save nothing.
void choose_precision(Recipe& recipe, const ValueMap& tree) {
  const auto train = tree.find("train");
  const ValueMap* said = train == tree.end() ? nullptr : train->second.get_if<ValueMap>();
  if (nets::is_table_net(recipe.net.arch) && (said == nullptr || !said->contains("precision")))
    recipe.train.precision = learn::Precision::kF32;
}

void check_net(const NetSection& net, const ValueMap& tree) {
  if ((net.arch == "torchscript") == !net.script.empty()) return;
  const auto it = tree.find("net");
  throw Error(Code::kUsage, at(it == tree.end() ? Where{} : it->second.where) +
                                "net.script goes with net.arch = \"torchscript\", and there is only one of them");
}

}  // namespace

std::optional<Every> parse_every(std::string_view text) {
  Every every{Duration{0}, 0, 0};
  uint64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (fault == std::errc{} && count > 0 && (unit == "step" || unit == "steps")) {
    every.steps = count;
    return every;
  }
  if (fault == std::errc{} && count > 0 && (unit == "epoch" || unit == "epochs")) {
    every.epochs = count;
    return every;
  }
  const std::optional<Duration> time = parse_duration(text);
  if (!time || time->seconds <= 0) return std::nullopt;
  every.time = *time;
  return every;
}

std::string exact_text(const Every& every) {
  if (every.steps > 0) return std::to_string(every.steps) + (every.steps == 1 ? "step" : "steps");
  if (every.epochs > 0) return std::to_string(every.epochs) + (every.epochs == 1 ? "epoch" : "epochs");
  return penstock::exact_text(every.time);
}

GraphSpec Recipe::graph() const {
  GraphSpec spec;
  for (const StageSpec& stage : stages) spec.add(stage);
  return spec;
}

bool operator==(const Recipe& a, const Recipe& b) { return recipe_to_map(a) == recipe_to_map(b); }

Recipe recipe_from_map(const ValueMap& tree) {
  Recipe recipe = read_params<Recipe>(tree, "");
  if (const auto it = tree.find("phase"); it != tree.end()) {
    const ValueArray& written = *it->second.get_if<ValueArray>();
    for (size_t i = 0; i < recipe.phases.size(); ++i) {
      recipe.phases[i].set = flatten(recipe.phases[i].set);
      recipe.phases[i].where = written[i].where;
    }
  }
  choose_precision(recipe, tree);
  if (recipe.data.val && recipe.data.val->fraction == 0) recipe.data.val.reset();  // by time as well
  check_ids(recipe.stages);
  check_input(recipe.input, tree);
  check_net(recipe.net, tree);
  check_cache(recipe);
  check_phases(recipe);
  return recipe;
}

ValueMap recipe_to_map(const Recipe& recipe) { return to_map<Recipe>(recipe); }

}  // namespace penstock::pipelines

namespace penstock {

using pipelines::Every;
using pipelines::StageHead;

Every ParamCodec<Every>::read(const Value& value, const ParamRules& rules, const ParamSite& site) {
  const std::string* text = value.get_if<std::string>();
  const std::optional<Every> every = text == nullptr ? std::nullopt : pipelines::parse_every(*text);
  if (!every) fail_value(value, one(), rules, site);
  return *every;
}

std::optional<Value> ParamCodec<Every>::write(const Every& every, const ParamRules&) {
  return Value(pipelines::exact_text(every));
}

StageSpec ParamCodec<StageSpec>::read(const Value& value, const ParamRules& rules, const ParamSite& site) {
  const ValueMap* table = value.get_if<ValueMap>();
  if (table == nullptr) fail_value(value, one(), rules, site);
  const std::vector<std::string> head_keys = param_table<StageHead>().names();
  ValueMap head_map;
  StageSpec stage;
  for (const auto& [key, item] : *table) {
    const bool is_head = std::find(head_keys.begin(), head_keys.end(), key) != head_keys.end();
    (is_head ? head_map : stage.params)[key] = item;
  }
  stage.id = pipelines::stage_id(*table);
  const StageHead head =
      read_params<StageHead>(head_map, stage.id.empty() ? site.path : "stage." + stage.id, value.where);
  stage.name = head.name;
  stage.when = head.when;
  stage.inputs = head.inputs;
  stage.outputs = head.outputs;
  stage.draw = head.draw.value_or("");
  stage.cache = head.cache.value_or("");
  stage.where = value.where;
  return stage;
}

std::optional<Value> ParamCodec<StageSpec>::write(const StageSpec& stage, const ParamRules&) {
  ValueMap table = stage.params;
  const StageHead head{stage.name, stage.id, stage.when, stage.inputs, stage.outputs, std::nullopt, std::nullopt};
  for (auto& [key, item] : to_map<StageHead>(head)) {
    if (const ValueMap* names = item.get_if<ValueMap>(); names == nullptr || !names->empty()) table[key] = item;
  }
  if (!stage.draw.empty()) table["draw"] = stage.draw;
  if (!stage.cache.empty()) table["cache"] = stage.cache;
  Value value(std::move(table));
  value.where = stage.where;
  return value;
}

}  // namespace penstock
