#include "pipelines/train/infer_job.h"

#include <cstring>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "pipelines/job/job.h"
#include "pipelines/job/subset.h"
#include "pipelines/train/evaluation.h"
#include "pipelines/train/one_ahead.h"
#include "pipelines/train/ordered_predictions.h"
#include "pipelines/train/plan_from_recipe.h"
#include "pipelines/train/taken.h"

namespace penstock::train {
namespace {

/// What one process made of its share of a batch, as a message.
std::string pack(const Taken& taken, std::span<const float> values) {
  const std::string who = pack(taken);
  const uint64_t length = who.size();
  std::string out(reinterpret_cast<const char*>(&length), sizeof length);
  return out + who + std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

void add_packed(OrderedPredictions& rows, const std::string& bytes) {
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  std::vector<float> values((bytes.size() - sizeof length - length) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + sizeof length + length, values.size() * sizeof(float));
  rows.add(unpack_taken({bytes.data() + sizeof length, length}), values);
}

}  // namespace

InferResult infer_model(const Model& model, const io::Dataset& data, const InferOptions& options) {
  Clock& clock = options.clock != nullptr ? *options.clock : Clock::system();
  io::FileSystem& fs = options.fs != nullptr ? *options.fs : io::FileSystem::real();
  NoProgress none;
  ProgressSink& progress = options.progress != nullptr ? *options.progress : none;
  for (const std::string& note : model.notes) progress.say("warning: " + note);
  Together together(options.processes);
  together.require_same("model", model_digest(model), "give all processes the same MODEL");
  together.require_same("data set", data_digest(data), "give all processes the same data");
  together.at_root([&] { check_prediction_path(fs, options.out); });
  require_table(model.config, data);
  const Graph graph = bind_graph(model.recipe, data, Mode::kEval);
  const std::unique_ptr<Lanes> lanes =
      make_lanes(model, static_cast<int64_t>(data.class_names().size()), together, clock);

  RunOptions run_options =
      together.share(run_options_for(model.recipe, Mode::kEval, data, machine_for(model.recipe, options.threads)));
  run_options.faults = {.on_fault = OnFault::kSkip, .budget = UINT64_MAX};
  run_options.trace = options.trace;
  run_options.clock = &clock;

  const learn::LearnerConfig& learner = lanes->learner().config();
  const bool takes_rows = nets::is_table_net(learner.net.arch);
  OrderedPredictions rows(data, [&](size_t width) {
    return make_prediction_sink(fs, options.out,
                                {.width = width,
                                 .features = !options.features.empty(),
                                 .classes = model.classes,
                                 .rows = takes_rows ? std::optional(learner.task) : std::nullopt});
  });
  const double began = clock.now_seconds();
  const std::string unit = takes_rows ? "rows" : "images";
  progress.begin("predicting", data.size(), unit);
  lanes->feed_from(run_options);
  std::optional<Run> run;
  together.require_none(failure_of([&] { run.emplace(Run::start(graph, data, run_options)); }));
  OneAhead batches(*run, *lanes, /*looks_ahead=*/true);
  std::optional<Error> failure;  // of the root's file, too: the next question tells the others
  for (;;) {
    Batch batch;
    learn::Rows values;
    if (!failure)
      failure = failure_of([&] {
        batch = batches.next();
        if (batch && batch.size() > 0) values = lanes->infer(batch, options.features);
      });
    const std::vector<bool> signs = together.any({failure.has_value(), options.stop.stop_requested()});
    if (signs[0]) together.require_none(failure);
    if (!batch) break;
    if (signs[1]) throw Error(Code::kCancelled, "the inference was stopped; '" + options.out + "' was not written");
    if (batch.size() > 0 && options.features.empty())
      to_predictions(values.values, values.values.size() / batch.size(), learner);
    const std::vector<std::string> shares =
        together.size() == 1 ? std::vector<std::string>() : together.gather(pack(taken_of(batch), values.values));
    failure = failure_of([&] {
      if (together.size() == 1) rows.add(taken_of(batch), values.values);
      for (const std::string& share : shares) add_packed(rows, share);
    });
    progress.update(rows.count());
  }
  together.at_root(
      [&] { rows.finish(options.features.empty() ? static_cast<size_t>(lanes->learner().config().net.classes) : 0); });
  progress.end();
  InferResult result{.records = rows.count(), .errors = rows.errors(), .seconds = 0, .out = options.out, .unit = unit};
  result.seconds = clock.now_seconds() - began;
  return result;
}

std::string InferResult::to_json() const {
  return nlohmann::ordered_json{{"records", records},
                                {"errors", errors},
                                {"seconds", seconds},
                                {"records_per_second", seconds > 0 ? static_cast<double>(records) / seconds : 0},
                                {"out", out}}
      .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string InferResult::text() const {
  std::string text = counted(records, "row") + " in " + out + ", " + duration_text(seconds) + ", " +
                     rate_text(seconds > 0 ? static_cast<double>(records) / seconds : 0, unit) + "\n";
  if (errors > 0) text += std::to_string(errors) + " of them hold an error in place of a prediction\n";
  return text;
}

}  // namespace penstock::train
