#include "pipelines/inspect/check.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/order/epoch_plan.h"
#include "io/file/atomic_file.h"
#include "models/classic/trees/tree_matrix.h"
#include "pipelines/recipe/phases.h"
#include "pipelines/stream/passage.h"
#include "pipelines/train/lane.h"
#include "pipelines/train/plan_from_recipe.h"
#include "pipelines/trees/trees_setup.h"

namespace penstock {
namespace {

constexpr double kSampleSeconds = 2;
constexpr uint64_t kSampleBatches = 200;
constexpr uint64_t kTreesPasses = 4;  // of classic::TreeMatrix over what is trained on

std::vector<std::string> texts_of(const Schema& schema) {
  std::vector<std::string> texts;
  for (const Field& field : schema.fields()) texts.push_back(field.text());
  return texts;
}

CheckedView view_of(const pipelines::Recipe& recipe, const io::Dataset& data, Mode mode, unsigned threads) {
  const Graph graph = bind_graph(recipe, data, mode);
  CheckedView view;
  view.records = data.size();
  view.steps_per_epoch = steps_per_epoch(recipe, mode, data.size());
  view.batch = recipe.data.batch;
  view.source_fields = texts_of(graph.source);
  for (const BoundStage& stage : graph.stages)
    view.stages.push_back({stage.id, stage.name, stage.draws, texts_of(stage.after)});
  view.batch_fields = texts_of(graph.output);
  view.batch_bytes = BatchLayout::of(graph.output, recipe.data.batch).bytes;
  view.scratch_bytes = graph.scratch_bytes() * threads + graph.resident_bytes();
  return view;
}

// What a training does before its first step: so what it would refuse is refused here, in the same words. Gives what it would note.
std::string rehearse(const pipelines::Recipe& recipe, const JobData& data, const std::shared_ptr<Cores>& cores,
                     const JobMemory& memory) {
  const train::Machine machine{cores, std::make_shared<Budgets>(memory.limits), memory.text};
  std::vector<std::byte> script;
  if (recipe.net.arch == "torchscript") {
    const std::string text = io::read_file(io::FileSystem::real(), recipe.net.script);
    const auto bytes = io::bytes_of(text);
    script.assign(bytes.begin(), bytes.end());
  }
  train::TrainPlan plan =
      train::make_train_plan(recipe, *data.train, data.val.get(), machine, cores->count(), std::move(script));
  train::Lanes(plan.lanes, Together(), Clock::system());
  return plan.note;
}

// The same for trees: what train_trees() would refuse of the recipe and the columns.
std::string rehearse_trees(const pipelines::Recipe& recipe, const JobData& data, unsigned threads) {
  const trees::TreesSetup setup = trees::trees_setup(recipe, *data.train, data.val.get(), threads);
  const uint64_t rows = data.train->size() + (data.val ? data.val->size() : 0);
  return "as bins in memory the rows take about " +
         bytes_text(classic::matrix_ram_bytes(rows, setup.features.size(), setup.config)) + "; XGBoost reads them " +
         std::to_string(kTreesPasses) + " times before it grows trees";
}

void sample(const pipelines::Recipe& recipe, const io::Dataset& data, std::shared_ptr<Cores> cores,
            std::stop_token stop, CheckResult& result) {
  RunOptions options = run_options(recipe, Mode::kTrain, data.size());
  options.cores = std::move(cores);
  options.budgets = std::make_shared<Budgets>(result.memory.limits);
  options.epochs = 1;
  options.steps = kSampleBatches;
  pipelines::Recipe unwritten = recipe;
  unwritten.budget.ssd.reset();  // nothing is written for a check
  const io::Storage storage(data, storage_options(unwritten, 1));
  {
    const EpochPlan plan({.records = data.size(),
                          .seed = options.seed,
                          .order = options.order,
                          .last = options.last,
                          .batch = options.batch,
                          .block = options.block,
                          .group_blocks = options.group_blocks});
    Budgets free(result.memory.limits);
    result.reading = storage.predict_epoch(plan, free);
    for (const auto& disk : result.reading.disks) result.disk_seconds = std::max(result.disk_seconds, disk.seconds);
  }
  Run run = Run::start(bind_graph(recipe, data, Mode::kTrain), storage, options);
  const std::stop_callback on_stop(stop, [&run] { run.stop(); });
  Clock& clock = Clock::system();
  const double began = clock.now_seconds();
  double first = 0, last = 0;
  uint64_t after_first = 0;
  while (clock.now_seconds() - began < kSampleSeconds) {
    const Batch batch = run.next();
    if (!batch) break;
    last = clock.now_seconds();
    if (first == 0)
      first = last;  // the first batch shows how long the pipe is, not how wide
    else
      after_first += batch.size();
  }
  const Report report = run.report();
  result.peak_budget_bytes = report.peak_budget_bytes;
  result.records_per_second =
      after_first > 0 && last > first ? static_cast<double>(after_first) / (last - first) : report.records_per_second();
  if (report.rejected > 0)
    result.notes.push_back(std::to_string(report.rejected) +
                           " records of the sample were refused; see penstock verify");
}

}  // namespace

CheckResult check(const pipelines::Recipe& given, const JobData& data, std::shared_ptr<Cores> cores,
                  std::stop_token stop) {
  const pipelines::Recipe recipe = fitted(given, *data.train);
  CheckResult result;
  result.memory = choose_memory(recipe);
  result.epochs = recipe.trees ? kTreesPasses : recipe.train.epochs;
  result.data_bytes = data.train->bytes();
  result.val_from = data.val_from;
  result.index_bytes = data.train->resident_bytes() + (data.val ? data.val->resident_bytes() : 0);
  const unsigned threads = cores->count();
  const std::string note =
      recipe.trees ? rehearse_trees(recipe, data, threads) : rehearse(recipe, data, cores, result.memory);
  for (const uint64_t epoch : pipelines::phase_boundaries(recipe)) {
    const pipelines::Recipe at_epoch = pipelines::phase_view(recipe, epoch);
    CheckedView train = view_of(at_epoch, *data.train, Mode::kTrain, threads);
    std::optional<CheckedView> eval;
    if (data.val) eval = view_of(at_epoch, *data.val, Mode::kEval, threads);
    // What is shown is the phase that takes the most memory: the plan must hold for all of them.
    if (epoch == 0 || train.batch_bytes > result.train.batch_bytes) {
      result.train = std::move(train);
      result.eval = std::move(eval);
    }
  }
  result.notes = data.train->notes();
  if (!note.empty()) result.notes.push_back(note);
  sample(pipelines::phase_view(recipe, 0), *data.train, std::move(cores), std::move(stop), result);
  if (result.records_per_second > 0) {
    result.epoch_seconds =
        std::max(result.disk_seconds, static_cast<double>(data.train->size()) / result.records_per_second);
    result.total_seconds = result.epoch_seconds * static_cast<double>(result.epochs);
  }
  return result;
}

}  // namespace penstock
