#include "pipelines/trees/trees_position.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace penstock::trees {
namespace {

using nlohmann::json;

json of(const std::vector<classic::Measured>& all) {
  json out = json::array();
  for (const classic::Measured& one : all) out.push_back({one.set, one.metric, one.value});
  return out;
}

std::vector<classic::Measured> measured(const json& all) {
  std::vector<classic::Measured> out;
  for (const json& one : all) out.push_back({one.at(0), one.at(1), one.at(2)});
  return out;
}

}  // namespace

std::string TreesPosition::to_json() const {
  return json{{"kind", "trees"},
              {"rounds", state.rounds},
              {"best_round", state.best_round},
              {"best", state.best},
              {"last", of(state.last)},
              {"at_best", of(state.at_best)},
              {"metrics_bytes", metrics_bytes},
              {"seconds", seconds},
              {"grow_seconds", grow_seconds},
              {"bins_seconds", bins_seconds},
              {"data_wait_seconds", data_wait_seconds},
              {"threads", threads},
              {"on_disk", on_disk},
              {"data", data},
              {"val", val},
              {"recipe", recipe},
              {"classes", classes}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

TreesPosition TreesPosition::from_json(std::string_view text, const std::string& origin) {
  TreesPosition out;
  try {
    const json at = json::parse(text);
    if (at.value("kind", "") != "trees")
      throw Error(Code::kUsage, "'" + origin + "' is a checkpoint of a network, not of trees");
    at.at("rounds").get_to(out.state.rounds);
    at.at("best_round").get_to(out.state.best_round);
    at.at("best").get_to(out.state.best);
    out.state.last = measured(at.at("last"));
    out.state.at_best = measured(at.at("at_best"));
    at.at("metrics_bytes").get_to(out.metrics_bytes);
    at.at("seconds").get_to(out.seconds);
    at.at("grow_seconds").get_to(out.grow_seconds);
    out.bins_seconds = at.value("bins_seconds", 0.0);  // earlier checkpoints do not say it
    at.at("data_wait_seconds").get_to(out.data_wait_seconds);
    at.at("threads").get_to(out.threads);
    at.at("on_disk").get_to(out.on_disk);
    at.at("data").get_to(out.data);
    at.at("val").get_to(out.val);
    at.at("recipe").get_to(out.recipe);
    at.at("classes").get_to(out.classes);
  } catch (const json::exception& error) {
    throw Error(Code::kData, "'" + origin + "' does not say where its trees stand: " + error.what());
  }
  return out;
}

bool is_trees_metadata(std::string_view text) {
  const json at = json::parse(text, nullptr, false);
  return at.is_object() && at.value("kind", "") == "trees";
}

}  // namespace penstock::trees
