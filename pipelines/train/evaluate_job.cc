#include "pipelines/train/evaluate_job.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "pipelines/job/job.h"
#include "pipelines/job/subset.h"
#include "pipelines/table/targets_as_read.h"
#include "pipelines/train/plan_from_recipe.h"
#include "pipelines/train/predicted_rows.h"

namespace penstock::train {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kConfusionsShown = 5;

}  // namespace

EvaluateResult evaluate_model(const Model& model, const io::Dataset& data, const EvaluateOptions& options) {
  Clock& clock = options.clock != nullptr ? *options.clock : Clock::system();
  NoProgress none;
  ProgressSink& progress = options.progress != nullptr ? *options.progress : none;
  for (const std::string& note : model.notes) progress.say("warning: " + note);
  const bool takes_rows = nets::is_table_net(model.config.net.arch);
  require_table(model.config, data);
  if (takes_rows && options.tta > 0)
    throw Error(Code::kUsage, "--tta averages over augmented pictures, and '" + model.path + "' takes rows");
  if (model.config.task != Task::kClasses && options.confusion)
    throw Error(Code::kUsage, "--confusion is of classes, and '" + model.path + "' learnt " +
                                  std::string(name_of(model.config.task)));
  const Machine machine = machine_for(model.recipe, options.threads);
  const Graph graph = bind_graph(model.recipe, data, Mode::kEval);
  Graph augmented;
  if (options.tta > 0) augmented = bind_graph(model.recipe, data, Mode::kTrain);

  EvaluateResult out;
  out.views = options.tta + 1;
  out.classes = model.classes.empty() ? data.class_names() : model.classes;
  Together together(options.processes);
  together.require_same("model", model_digest(model), "give all processes the same MODEL");
  together.require_same("data set", data_digest(data), "give all processes the same data");
  const std::unique_ptr<Lanes> lanes =
      make_lanes(model, static_cast<int64_t>(data.class_names().size()), together, clock);
  EvaluationOptions how{.run = together.share(run_options_for(model.recipe, Mode::kEval, data, machine)),
                        .confusion = options.confusion,
                        .augmented = options.tta > 0 ? &augmented : nullptr,
                        .draws = options.tta,
                        .stop = options.stop};
  how.run.trace = options.trace;
  how.run.clock = &clock;
  how.progress = [&](uint64_t records) { progress.update(records); };
  std::optional<PredictedRows> predicted;
  if (!options.predictions.empty()) {
    if (!takes_rows || together.size() > 1)
      throw Error(Code::kUsage, "--predictions is of rows of a table, and of one process")
          .hint("penstock infer writes what a model of pictures predicts");
    predicted.emplace(io::FileSystem::real(), options.predictions, model.config.task, model.config.transform,
                      out.classes, targets_as_read(data));
    how.take = [&](std::span<const uint64_t> ids, std::span<const float> actual, std::span<const float> outputs) {
      std::vector<float> values(outputs.begin(), outputs.end());
      if (model.config.task == Task::kBinary) to_predictions(values, 1, model.config);
      predicted->add(ids, actual, values);
    };
  }
  const double began = clock.now_seconds();
  progress.begin("evaluating", data.size(), takes_rows ? "rows" : "images");
  out.evaluation = evaluate(*lanes, graph, data, std::move(how));
  progress.end();
  if (out.evaluation.stopped) throw Error(Code::kCancelled, "the evaluation was stopped");
  if (predicted) predicted->finish();
  out.seconds = clock.now_seconds() - began;
  return out;
}

std::string EvaluateResult::to_json() const {
  const metrics::ClassificationSums& sums = evaluation.sums;
  Json out = {{"records", sums.records}, {"loss", sums.mean_loss()}};
  if (evaluation.figures.empty()) {
    out["top1"] = sums.top1_share();
    out["top5"] = sums.top5_share();
  }
  for (const metrics::Figure& figure : evaluation.figures) out[figure.name] = figure.value;
  out.update({{"rejected", evaluation.report.rejected},
              {"views", views},
              {"seconds", seconds},
              {"records_per_second", seconds > 0 ? static_cast<double>(sums.records) / seconds : 0}});
  if (evaluation.confusion) {
    const metrics::ConfusionMatrix& matrix = *evaluation.confusion;
    Json rows = Json::array();
    for (int64_t truth = 0; truth < matrix.classes(); ++truth) {
      Json row = Json::array();
      for (int64_t taken = 0; taken < matrix.classes(); ++taken) row.push_back(matrix.count(truth, taken));
      rows.push_back(std::move(row));
    }
    out["classes"] = classes;
    out["confusion"] = std::move(rows);
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string EvaluateResult::text() const {
  const metrics::ClassificationSums& sums = evaluation.sums;
  char line[200];
  std::snprintf(line, sizeof line, "%lld records: top-1 %.2f %%, top-5 %.2f %%, loss %.4f",
                static_cast<long long>(sums.records), 100 * sums.top1_share(), 100 * sums.top5_share(),
                sums.mean_loss());
  std::string out = line;
  if (!evaluation.figures.empty())
    out = std::to_string(sums.records) + " records: " + metrics::text_of(evaluation.figures);
  if (views > 1) out += " (mean over " + std::to_string(views) + " views)";
  out += "\n" + duration_text(seconds) + ", " +
         rate_text(seconds > 0 ? static_cast<double>(sums.records) / seconds : 0,
                   evaluation.figures.empty() ? "images" : "rows") +
         "\n";
  if (evaluation.report.rejected > 0)
    out += std::to_string(evaluation.report.rejected) + " records could not be used and are not counted\n";
  if (!evaluation.confusion) return out;
  const metrics::ConfusionMatrix& matrix = *evaluation.confusion;
  std::vector<std::tuple<int64_t, int64_t, int64_t>> mistakes;
  for (int64_t truth = 0; truth < matrix.classes(); ++truth)
    for (int64_t taken = 0; taken < matrix.classes(); ++taken)
      if (truth != taken && matrix.count(truth, taken) > 0)
        mistakes.emplace_back(-matrix.count(truth, taken), truth, taken);
  std::sort(mistakes.begin(), mistakes.end());
  mistakes.resize(std::min(mistakes.size(), kConfusionsShown));
  const auto name = [&](int64_t c) {
    return c < static_cast<int64_t>(classes.size()) ? classes[static_cast<size_t>(c)] : std::to_string(c);
  };
  for (const auto& [count, truth, taken] : mistakes)
    out += "taken for another: " + name(truth) + " for " + name(taken) + ", " + std::to_string(-count) + " times\n";
  return out;
}

}  // namespace penstock::train
