#include "pipelines/train/report_job.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/log_lines.h"
#include "pipelines/train/run_directory.h"
#include "pipelines/train/run_json.h"
#include "stages/learn/checkpoint_store.h"

namespace penstock::train {
namespace {

using Json = nlohmann::ordered_json;

Json read_json(io::FileSystem& fs, const std::string& path) {
  Json json = Json::parse(io::read_file(fs, path), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) throw Error(Code::kData, "'" + path + "' is no JSON object");
  return json;
}

std::optional<double> number_or_none(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

/// The figures of an epoch stand in their order, after the loss; all but two are the better the lower.
void read_rows(const Json& line, EpochMetrics& m) {
  const std::string task = line.value("task", "");
  m.rows = task == name_of(Task::kBinary)    ? Task::kBinary
           : task == name_of(Task::kClasses) ? Task::kClasses
                                             : Task::kRegression;
  m.train_top1 = line.value("train_accuracy", 0.0);
  for (const auto& [key, value] : line.items())
    if (key.starts_with("val_") && key != "val_loss" && value.is_number())
      m.figures.push_back({key.substr(4), value.get<double>(), key != "val_auc" && key != "val_accuracy"});
}

std::vector<EpochMetrics> read_epochs(io::FileSystem& fs, const std::string& path) {
  std::vector<EpochMetrics> out;
  for (const std::string& line : log_lines(fs, path)) {
    if (!line.starts_with("{\"type\":\"epoch\"")) continue;
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    EpochMetrics m;
    m.epoch = json.value("epoch", uint64_t{0});
    m.steps = json.value("steps", uint64_t{0});
    m.train_loss = json.value("train_loss", 0.0);
    m.train_top1 = json.value("train_top1", 0.0);
    if (json.contains("task")) read_rows(json, m);
    m.val_loss = number_or_none(json, "val_loss");
    m.val_top1 = number_or_none(json, "val_top1");
    m.val_top5 = number_or_none(json, "val_top5");
    m.records_per_second = json.value("records_per_second", 0.0);
    m.seconds = json.value("seconds", 0.0);
    out.push_back(m);
  }
  return out;
}

/// `steps` were taken, as the newest checkpoint says; of a run under way the ledger may know more.
std::vector<std::string> doubts_about(const std::vector<EpochProof>& proofs, uint64_t steps) {
  std::vector<std::string> out;
  uint64_t covered = 0, due = 0;
  for (size_t i = 0; i < proofs.size(); ++i) {
    const EpochProof& proof = proofs[i];
    const std::string epoch = "epoch " + std::to_string(proof.epoch + 1);
    covered += proof.steps;
    if (proof.epoch != due)
      out.push_back(epoch + " came in the ledger where epoch " + std::to_string(due + 1) + " was due");
    due = proof.epoch + 1;
    if (i + 1 < proofs.size() && !proof.is_whole())
      out.push_back(epoch + " ends after " + std::to_string(proof.steps) + " of " +
                    std::to_string(proof.steps_planned) + " steps");
    for (const std::string& fault : proof.faults) out.push_back(epoch + ": " + fault);
  }
  if (covered < steps)
    out.push_back("the ledger covers " + std::to_string(covered) + " of the " + std::to_string(steps) +
                  " steps that were taken: it is missing, cut short, or damaged behind them");
  return out;
}

}  // namespace

RunReport read_run(io::FileSystem& fs, const std::string& run) {
  if (!fs.is_folder(run) || !is_run_directory(fs, run))
    throw Error(Code::kUsage, "'" + run + "' is no run directory").hint("RUN is what `penstock train --out RUN` made");
  const RunPaths paths(run);
  RunReport out;
  out.run = run;
  out.recipe = pipelines::load_recipe(paths.recipe());
  const Json about = read_json(fs, paths.run_json());
  out.torch_threads = about.value("torch_threads", 0u);
  out.machine = machine_of(about.dump());
  for (const std::string& device : out.recipe.lanes.devices) out.device += (out.device.empty() ? "" : ", ") + device;

  const learn::CheckpointStore store(fs, paths.checkpoints(), 1,
                                     [&out](const std::string& line) { out.notes.push_back(line); });
  if (const auto newest = store.load_newest()) {
    const Position position = Position::from_json(newest->metadata, newest->path);
    out.totals = position.totals;
    out.epochs = position.epoch;
    out.steps = position.steps;
  }
  if (fs.exists(paths.report())) {
    const Json report = read_json(fs, paths.report());
    if (report.value("steps", uint64_t{0}) == out.steps) {
      out.has_report = true;
      out.weights_xxh3 = report.value("weights_xxh3", "");
    }
  }
  out.metrics = read_epochs(fs, paths.metrics());
  out.proofs = prove_ledger(fs, run);  // after the checkpoint: the ledger is never behind it
  out.doubts = doubts_about(out.proofs, out.steps);
  out.quarantined = log_lines(fs, paths.quarantine()).size();
  return out;
}

std::string report_json(const RunReport& report) {
  const Totals& t = report.totals;
  Json proofs = Json::array();
  for (const EpochProof& p : report.proofs)
    proofs.push_back({{"epoch", p.epoch},
                      {"records", p.records},
                      {"seen_once", p.seen_once},
                      {"quarantined", p.quarantined},
                      {"replaced", p.replaced},
                      {"left_out", p.left_out},
                      {"wrapped", p.wrapped},
                      {"steps", p.steps},
                      {"whole", p.is_whole()},
                      {"holds", p.faults.empty()},
                      {"faults", p.faults}});
  Json out = {{"run", report.run},
              {"epochs", report.epochs},
              {"steps", report.steps},
              {"records_per_second", t.records_per_second()},
              {"bottleneck", t.as_report().bottleneck()},
              {"weights_xxh3", report.has_report ? Json(report.weights_xxh3) : Json(nullptr)},
              {"quarantined", report.quarantined},
              {"proven", report.proven()},
              {"doubts", report.doubts},
              {"notes", report.notes},
              {"ledger", std::move(proofs)},
              {"totals", Json::parse(t.to_json())}};
  if (!report.metrics.empty()) {
    const EpochMetrics& last = report.metrics.back();
    out["train_loss"] = last.train_loss;
    if (last.val_loss) out["val_loss"] = *last.val_loss;
    if (last.val_top1) out["val_top1"] = *last.val_top1;
    if (last.val_top5) out["val_top5"] = *last.val_top5;
    for (const metrics::Figure& figure : last.figures) out["val_" + figure.name] = figure.value;
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace penstock::train
