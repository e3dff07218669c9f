#include "pipelines/trees/use_trees.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "io/data/table_fields.h"
#include "pipelines/job/job.h"
#include "pipelines/table/targets_as_read.h"
#include "pipelines/train/ordered_predictions.h"
#include "pipelines/train/plan_from_recipe.h"
#include "pipelines/train/predicted_rows.h"
#include "pipelines/trees/scores.h"
#include "pipelines/trees/table_rows.h"

namespace penstock::trees {
namespace {

using Json = nlohmann::ordered_json;

/// Predicting on one process alone is not yet shared: rows go through trees faster than through a network by orders.
void require_alone(const ProcessGroup* processes) {
  if (processes != nullptr && processes->size() > 1)
    throw Error(Code::kUsage, "trees are used by one process").hint("start it without mpirun");
}

RunOptions run_for(const pipelines::Recipe& recipe, const io::Dataset& data, const train::Machine& machine,
                   Clock& clock, Trace* trace) {
  RunOptions run = train::run_options_for(recipe, Mode::kEval, data, machine);
  run.clock = &clock;
  run.trace = trace;
  return run;
}

}  // namespace

void predict_all(const classic::Booster& booster, const pipelines::Recipe& recipe, const io::Dataset& data,
                 RunOptions run, std::stop_token stop,
                 const std::function<void(const Batch& batch, std::span<const float> values)>& take) {
  const Graph graph = bind_graph(recipe, data, Mode::kEval);
  const size_t features = booster.header().features.size();
  run.batch = block_rows(recipe.trees->block, features, data.size(), run.budgets ? run.budgets->limit(Tier::kRam) : 0);
  Run pass = Run::start(graph, data, run);
  const std::stop_callback give_up(stop, [&pass] { pass.stop(); });
  std::vector<float> rows;
  while (const Batch batch = pass.next()) {
    put_rows(batch, rows);
    take(batch, booster.predict(rows));
  }
}

TreesEvaluation evaluate_trees(const TreesModel& model, const io::Dataset& data, const train::EvaluateOptions& options,
                               const std::string& predictions) {
  require_alone(options.processes);
  if (options.tta > 0 || options.confusion)
    throw Error(Code::kUsage, "trees are evaluated without --tta and --confusion");
  require_features(model, data);
  Clock& clock = options.clock != nullptr ? *options.clock : Clock::system();
  NoProgress none;
  ProgressSink& progress = options.progress != nullptr ? *options.progress : none;
  for (const std::string& note : model.notes) progress.say("warning: " + note);
  const train::Machine machine = train::machine_for(model.recipe, options.threads);
  metrics::TaskSums sums(data.table_fields()->task, data.table_fields()->transform);
  std::optional<train::PredictedRows> written;
  if (!predictions.empty())
    written.emplace(io::FileSystem::real(), predictions, data.table_fields()->task, data.table_fields()->transform,
                    model.booster.header().classes, targets_as_read(data));
  TreesEvaluation out;
  std::vector<float> targets;
  uint64_t seen = 0;
  const double began = clock.now_seconds();
  progress.begin("evaluating", data.size(), "rows");
  try {
    predict_all(model.booster, model.recipe, data, run_for(model.recipe, data, machine, clock, options.trace),
                options.stop, [&](const Batch& batch, std::span<const float> values) {
                  put_targets(batch, targets);
                  if (targets.empty() && batch.size() > 0)
                    throw Error(Code::kUsage, "'" + data.path() + "' has no target to evaluate by");
                  add_predictions(sums, values, targets);
                  if (written) written->add(batch.ids(), targets, values);
                  out.rejected += batch.rejections().size();
                  progress.update(seen += batch.size());
                });
  } catch (const Error& error) {
    if (error.code() == Code::kCancelled) throw Error(Code::kCancelled, "the evaluation was stopped");
    throw;
  }
  progress.end();
  if (written) written->finish();
  out.records = static_cast<uint64_t>(sums.records());
  out.scores = scores_of(sums);
  out.seconds = clock.now_seconds() - began;
  return out;
}

train::InferResult infer_trees(const TreesModel& model, const io::Dataset& data, const train::InferOptions& options) {
  require_alone(options.processes);
  if (!options.features.empty()) throw Error(Code::kUsage, "trees have no layers: leave --features out");
  require_features(model, data);
  Clock& clock = options.clock != nullptr ? *options.clock : Clock::system();
  io::FileSystem& fs = options.fs != nullptr ? *options.fs : io::FileSystem::real();
  NoProgress none;
  ProgressSink& progress = options.progress != nullptr ? *options.progress : none;
  for (const std::string& note : model.notes) progress.say("warning: " + note);
  train::check_prediction_path(fs, options.out);
  const train::Machine machine = train::machine_for(model.recipe, options.threads);
  RunOptions run = run_for(model.recipe, data, machine, clock, options.trace);
  run.faults = {.on_fault = OnFault::kSkip, .budget = UINT64_MAX};
  const size_t width = model.booster.outputs();
  const Task task = data.table_fields()->task;
  const TargetTransform transform = data.table_fields()->transform;
  train::OrderedPredictions rows(data, [&](size_t) {
    return train::make_prediction_sink(fs, options.out,
                                       {.width = width, .classes = model.booster.header().classes, .rows = task});
  });
  const double began = clock.now_seconds();
  progress.begin("predicting", data.size(), "rows");
  std::vector<float> shown;
  try {
    predict_all(model.booster, model.recipe, data, run, options.stop,
                [&](const Batch& batch, std::span<const float> values) {
                  shown.assign(values.begin(), values.end());
                  if (task == Task::kRegression)
                    for (float& value : shown) value = static_cast<float>(transform.invert(value));
                  rows.add(train::taken_of(batch), shown);
                  progress.update(rows.count());
                });
  } catch (const Error& error) {
    if (error.code() != Code::kCancelled) throw;
    throw Error(Code::kCancelled, "the inference was stopped; '" + options.out + "' was not written");
  }
  rows.finish(width);
  progress.end();
  return {.records = rows.count(),
          .errors = rows.errors(),
          .seconds = clock.now_seconds() - began,
          .out = options.out,
          .unit = "rows"};
}

std::string TreesEvaluation::to_json() const {
  Json out = {{"records", records}};
  for (const metrics::Figure& figure : scores) out[figure.name] = figure.value;
  out["rejected"] = rejected;
  out["seconds"] = seconds;
  out["records_per_second"] = seconds > 0 ? static_cast<double>(records) / seconds : 0;
  return out.dump();
}

std::string TreesEvaluation::text() const {
  std::string out;
  for (const metrics::Figure& figure : scores) {
    char text[48];
    std::snprintf(text, sizeof text, "%.5g", figure.value);
    out += (out.empty() ? "" : ", ") + figure.name + " " + text;
  }
  out += " over " + counted(records, "row") + ", " + duration_text(seconds) + "\n";
  return rejected == 0 ? out : out + "left out, for they could not be used: " + counted(rejected, "row") + "\n";
}

}  // namespace penstock::trees
