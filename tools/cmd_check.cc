#include "tools/cmd_check.h"

#include <algorithm>
#include <ctime>

#include <CLI/CLI.hpp>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "pipelines/inspect/check.h"
#include "tools/recipe_options.h"

namespace penstock::tools {
namespace {

std::string words_of(const CheckedView& view, const char* title, bool trees) {
  const auto fields = [](const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += "      " + text + "\n";
    return all;
  };
  std::string words = std::string(title) + ": " + counted(view.records, trees ? "row" : "record");
  if (!trees) words += ", " + counted(view.steps_per_epoch, "step") + " of " + std::to_string(view.batch) + " an epoch";
  words += "\n    source\n" + fields(view.source_fields);
  for (const CheckedStage& stage : view.stages) {
    words += "    " + stage.id + " (" + stage.name + (stage.draws ? ", draws)\n" : ")\n") + fields(stage.fields);
  }
  if (trees) return words;
  return words + "    batch, " + bytes_text(view.batch_bytes) + "\n" + fields(view.batch_fields);
}

/// What comes of the data: epochs of a network, or rounds of trees.
std::string plan_words(const pipelines::Recipe& recipe, const CheckResult& result) {
  if (!recipe.trees)
    return "data side: " + rate_text(result.records_per_second, "records") + " in a sample; an epoch in " +
           duration_text(result.epoch_seconds) + ", " + counted(result.epochs, "epoch") + " in " +
           duration_text(result.total_seconds) + " if the network keeps up\n";
  const pipelines::TreesSection& trees = *recipe.trees;
  const bool forest = trees.kind == classic::TreesKind::kForest;
  const std::string grown = forest ? "a forest" : "at most " + counted(trees.rounds, "round");
  return "data side: " + rate_text(result.records_per_second, "rows") + " in a sample; the rows are read " +
         std::to_string(result.epochs) + " times in " + duration_text(result.total_seconds) + ", then " + grown +
         (forest ? " grows" : " of trees grow") + " without them\n";
}

Json json_of(const CheckedView& view) {
  Json stages = Json::array();
  for (const CheckedStage& stage : view.stages) {
    stages.push_back({{"id", stage.id}, {"name", stage.name}, {"draws", stage.draws}, {"fields", stage.fields}});
  }
  return {{"records", view.records},
          {"steps_per_epoch", view.steps_per_epoch},
          {"batch", view.batch},
          {"source", view.source_fields},
          {"stages", stages},
          {"fields", view.batch_fields},
          {"batch_bytes", view.batch_bytes},
          {"scratch_bytes", view.scratch_bytes}};
}

double held(uint64_t tier, uint64_t data) {
  return data == 0 ? 0 : std::min(1.0, static_cast<double>(tier) / static_cast<double>(data));
}

std::string words_of(const io::Storage::Prediction::Disk& disk) {
  const bool measured = disk.model.measured_unix > 0;
  char date[16] = "";
  const auto when = static_cast<std::time_t>(disk.model.measured_unix);
  if (std::tm utc{}; measured && gmtime_r(&when, &utc) != nullptr) std::strftime(date, sizeof date, "%Y-%m-%d", &utc);
  return "  " + disk.model.name + (disk.model.kind == io::DiskKind::kHdd ? ", hard disk" : ", ssd") +
         (measured ? std::string(", probed ") + date
                   : std::string(", assumed: penstock probe --data DATA measures it")) +
         ": " + bytes_text(disk.bytes) + " in " + duration_text(disk.seconds) + " an epoch without tiers, " +
         byte_rate_text(disk.seconds > 0 ? static_cast<double>(disk.bytes) / disk.seconds : 0) + "\n";
}

Json json_of(const io::Storage::Prediction& reading) {
  Json out = Json::array();
  for (const auto& disk : reading.disks)
    out.push_back({{"name", disk.model.name},
                   {"kind", disk.model.kind == io::DiskKind::kHdd ? "hdd" : "ssd"},
                   {"measured_unix", disk.model.measured_unix},
                   {"bytes_an_epoch", disk.bytes},
                   {"seconds_an_epoch", disk.seconds}});
  return out;
}

class CheckCommand final : public Command {
 public:
  std::string_view name() const override { return "check"; }
  std::string_view summary() const override {
    return "What a recipe will do to a data set: schemas, memory, disk, predicted rate and hours";
  }
  std::string_view example() const override {
    return "penstock check imagenet-resnet50 --data imagenet.lmdb --set data.batch=512";
  }
  CommonUse common() const override { return {.recipe = true}; }
  void add_options(CLI::App& app) override { add_recipe_options(app, recipe_, true); }

  int run(Context& context) override {
    const pipelines::Recipe recipe = load_recipe(recipe_, context.options);
    const JobData data = open_job_data(recipe_.paths, recipe,
                                       {.threads = context.options.thread_count(), .progress = &context.progress});
    const auto cores = std::make_shared<Cores>(context.options.thread_count());
    const CheckResult result = check(recipe, data, cores, context.stop);
    for (const std::string& note : result.notes) context.output.note("note: " + note);

    const bool trees = recipe.trees.has_value();
    std::string words = words_of(result.train, "train", trees);
    if (result.eval) words += words_of(*result.eval, "eval", trees);
    words +=
        "validation: " + (result.eval ? result.val_from : std::string("none (give --val, or data.val in the recipe)")) +
        "\n";
    words += "memory: " + result.memory.text + (trees ? "" : "; a batch " + bytes_text(result.train.batch_bytes)) +
             (recipe.table ? "" : ", decoders at most " + bytes_text(result.train.scratch_bytes)) + ", index " +
             bytes_text(result.index_bytes) + "; the sample took " + bytes_text(result.peak_budget_bytes) + "\n";
    words += "disk: " + bytes_text(result.data_bytes) + (trees ? " are read each time" : " are read each epoch") +
             ", into a window of " + bytes_text(result.reading.window_bytes) + "\n";
    for (const auto& disk : result.reading.disks) words += words_of(disk);
    if (recipe.budget.ssd)
      words += "tiers: " + bytes_text(recipe.budget.ssd->size.bytes) + " of '" + recipe.budget.ssd->path + "' hold " +
               percent_text(held(recipe.budget.ssd->size.bytes, result.data_bytes)) +
               " of the records' bytes from the second epoch on\n";
    words += plan_words(recipe, result);
    Json json{{"train", json_of(result.train)},
              {"eval", result.eval ? json_of(*result.eval) : Json(nullptr)},
              {"validation", result.val_from},
              {"budget_bytes", result.memory.limits[Tier::kRam]},
              {"index_bytes", result.index_bytes},
              {"sample_peak_bytes", result.peak_budget_bytes},
              {"bytes_per_epoch", result.data_bytes},
              {"window_bytes", result.reading.window_bytes},
              {"disk_seconds_an_epoch", result.disk_seconds},
              {"disks", json_of(result.reading)},
              {"epochs", result.epochs},
              {"records_per_second", result.records_per_second},
              {"epoch_seconds", result.epoch_seconds},
              {"hours", result.total_seconds / 3600}};
    context.output.result(words, json);
    return 0;
  }

 private:
  RecipeOptions recipe_;
};

}  // namespace

std::unique_ptr<Command> make_check_command() { return std::make_unique<CheckCommand>(); }

}  // namespace penstock::tools
