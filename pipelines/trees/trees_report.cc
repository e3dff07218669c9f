#include "pipelines/trees/trees_report.h"

#include <algorithm>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/table/csv_reader.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/log_lines.h"
#include "pipelines/train/run_directory.h"
#include "pipelines/train/run_json.h"
#include "stages/learn/checkpoint_store.h"

namespace penstock::trees {
namespace {

using Json = nlohmann::ordered_json;

NamedValues numbers_of(const Json& line, std::string_view prefix) {
  NamedValues out;
  for (const auto& [key, value] : line.items())
    if (key.starts_with(prefix) && value.is_number()) out.emplace_back(key, value.get<double>());
  return out;
}

/// importances.csv: feature,gain,weight,cover. Names may hold commas and quotes.
NamedValues gains_of(io::FileSystem& fs, const std::string& path) {
  NamedValues out;
  if (!fs.exists(path)) return out;
  io::CsvReader csv(fs, path);
  std::vector<std::string_view> cells;
  double sum = 0;
  csv.next(cells);  // the header
  while (csv.next(cells)) {
    if (cells.size() < 2) throw Error(Code::kData, "'" + path + "' has a line without a gain");
    out.emplace_back(std::string(cells[0]), std::strtod(std::string(cells[1]).c_str(), nullptr));
    sum += out.back().second;
  }
  for (auto& [name, gain] : out) gain = sum > 0 ? gain / sum : 0;
  return out;
}

void take_report(TreesReport& out, const Json& said) {
  if (!out.position || said.value("rounds", uint64_t{0}) != out.position->state.rounds) return;
  out.has_report = true;
  out.seconds = said.value("seconds", 0.0);
  out.records = said.value("records", uint64_t{0});
  out.passes = said.value("passes", uint64_t{0});
  out.model_bytes = said.value("model_bytes", uint64_t{0});
  out.best_round = said.value("best_round", uint64_t{0});
  out.val = numbers_of(said, "val_");
  out.weights_xxh3 = said.value("weights_xxh3", "");
}

}  // namespace

bool is_trees_run(io::FileSystem& fs, const std::string& run) {
  if (!fs.is_folder(run) || !train::is_run_directory(fs, run)) return false;
  return pipelines::load_recipe(train::RunPaths(run).recipe()).trees.has_value();
}

std::string TreesReport::bottleneck() const {
  if (!position) return "";
  const double wait = position->data_wait_seconds, cutting = std::max(0.0, position->bins_seconds - wait);
  if (position->grow_seconds >= std::max(wait, cutting)) return "growing";
  return wait >= cutting ? "read" : "cutting";
}

double TreesReport::records_per_second() const {
  if (!position || position->grow_seconds <= 0) return 0;
  return static_cast<double>(records) * static_cast<double>(position->state.rounds) / position->grow_seconds;
}

TreesReport read_trees_run(io::FileSystem& fs, const std::string& run) {
  if (!is_trees_run(fs, run))
    throw Error(Code::kUsage, "'" + run + "' is no run directory of trees")
        .hint("RUN is what `penstock train --out RUN` made of a recipe with [trees]");
  const train::RunPaths paths(run);
  TreesReport out;
  out.run = run;
  out.recipe = pipelines::load_recipe(paths.recipe());
  out.machine = train::machine_of(io::read_file(fs, paths.run_json()));
  const learn::CheckpointStore store(fs, paths.checkpoints(), 1,
                                     [&out](const std::string& line) { out.notes.push_back(line); });
  if (const auto newest = store.load_newest()) out.position = TreesPosition::from_json(newest->metadata, newest->path);
  if (out.position) out.seconds = out.position->seconds;
  if (fs.exists(paths.report())) {
    const Json said = Json::parse(io::read_file(fs, paths.report()), nullptr, /*allow_exceptions=*/false);
    if (!said.is_object()) throw Error(Code::kData, "'" + paths.report() + "' is no JSON object");
    take_report(out, said);
  }
  if (out.has_report) out.gains = gains_of(fs, io::join_path(run, "importances.csv"));
  const std::vector<std::string> rounds = train::log_lines(fs, paths.metrics());
  if (!rounds.empty()) {
    const Json line = Json::parse(rounds.back(), nullptr, /*allow_exceptions=*/false);
    if (line.is_object()) out.last = numbers_of(line, "");
  }
  out.quarantined = train::log_lines(fs, paths.quarantine()).size();
  return out;
}

std::string report_json(const TreesReport& report) {
  const TreesPosition at = report.position.value_or(TreesPosition());
  Json out = {{"run", report.run},
              {"model", report.recipe.trees->kind == classic::TreesKind::kForest ? "forest" : "boosted trees"},
              {"epochs", at.state.rounds},
              {"steps", at.state.rounds},
              {"rounds", at.state.rounds},
              {"best_round", report.has_report ? report.best_round : at.state.best_round},
              {"records", report.has_report ? Json(report.records) : Json(nullptr)},
              {"records_per_second", report.records_per_second()},
              {"bottleneck", report.bottleneck()},
              {"weights_xxh3", report.has_report ? Json(report.weights_xxh3) : Json(nullptr)},
              {"quarantined", report.quarantined},
              {"notes", report.notes},
              {"totals",
               {{"seconds", report.seconds},
                {"bins_seconds", at.bins_seconds},
                {"data_wait_seconds", at.data_wait_seconds},
                {"grow_seconds", at.grow_seconds}}}};
  for (const auto& [name, value] : report.last)
    if (name.starts_with("train_") || name.starts_with("val_")) out[name] = value;
  for (const auto& [name, value] : report.val) out[name] = value;  // of the model: they win
  Json gains = Json::object();
  for (const auto& [name, share] : report.gains) gains[name] = share;
  out["gain_shares"] = std::move(gains);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace penstock::trees
