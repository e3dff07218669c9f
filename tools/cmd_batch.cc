#include "tools/cmd_batch.h"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "pipelines/inspect/batch_look.h"
#include "tools/json_report.h"
#include "tools/recipe_options.h"

namespace penstock::tools {
namespace {

std::string words_of(const BatchLook& look) {
  std::string words = "epoch " + std::to_string(look.epoch) + ", step " + std::to_string(look.step) + ": " +
                      std::to_string(look.records.size()) + " records\n" + look.schema;
  if (!words.ends_with('\n')) words += '\n';
  words += "position  record  label  name; the first draws in [0, 1) of each stage that draws\n";
  for (size_t i = 0; i < look.records.size(); ++i) {
    const LookedAtRecord& record = look.records[i];
    words += std::to_string(record.position) + "  " + std::to_string(record.id) + "  " + std::to_string(record.label) +
             (record.class_name.empty() ? "" : " " + record.class_name) + "  " + record.name + ";";
    for (const LookedAtDraws& draws : look.draws) {
      words += " " + draws.stage;
      for (const double number : draws.uniforms[i]) {
        char text[16];
        std::snprintf(text, sizeof text, " %.4f", number);
        words += text;
      }
    }
    words += "\n";
  }
  for (const Rejection& rejection : look.rejections) {
    words += "record " + std::to_string(rejection.record) + " at position " + std::to_string(rejection.position) +
             " was refused by " + rejection.stage + ": " + rejection.reason;
    words += rejection.replaced ? "; record " + std::to_string(rejection.replacement) + " stands in\n" : "\n";
  }
  return words + "digest " + look.digest + "\n";
}

Json to_json(const BatchLook& look) {
  Json records = Json::array(), rejected = Json::array();
  for (size_t i = 0; i < look.records.size(); ++i) {
    const LookedAtRecord& record = look.records[i];
    Json draws = Json::object();
    for (const LookedAtDraws& stage : look.draws) draws[stage.stage] = stage.uniforms[i];
    records.push_back({{"position", record.position},
                       {"id", record.id},
                       {"name", record.name},
                       {"label", record.label},
                       {"class", record.class_name},
                       {"draws", draws}});
  }
  for (const Rejection& rejection : look.rejections) rejected.push_back(json_of(rejection));
  return {{"epoch", look.epoch},
          {"step", look.step},
          {"records", records},
          {"rejected", rejected},
          {"digest", look.digest}};
}

class BatchCommand final : public Command {
 public:
  std::string_view name() const override { return "batch"; }
  std::string_view summary() const override { return "Which records, with which draws, make up a step of training"; }
  std::string_view example() const override { return "penstock batch imagenette-resnet18 --data photos --step 1200"; }
  CommonUse common() const override { return {.recipe = true}; }
  void add_options(CLI::App& app) override {
    add_recipe_options(app, recipe_, true);
    app.add_option("--step", step_, "The step, counted from 0 since the beginning, or within an epoch")
        ->required()
        ->type_name("STEP|EPOCH:STEP");
    app.add_option("--view", view_, "train: what a training takes at that step; eval: its validation")
        ->capture_default_str()
        ->type_name("train|eval");
  }

  int run(Context& context) override {
    const pipelines::Recipe recipe = load_recipe(recipe_, context.options);
    const Mode view = view_named(view_);
    const StepName step = StepName::parse(step_);
    const JobData data = open_job_data(
        recipe_.paths, recipe, {.threads = context.options.thread_count(), .progress = &context.progress});
    const auto& part = view == Mode::kEval && data.val ? data.val : data.train;
    const auto cores = std::make_shared<Cores>(context.options.thread_count());
    const BatchLook look = look_at_batch(recipe, *part, view, step, cores);
    context.output.result(words_of(look), to_json(look));
    return 0;
  }

 private:
  RecipeOptions recipe_;
  std::string step_, view_ = "train";
};

}  // namespace

std::unique_ptr<Command> make_batch_command() { return std::make_unique<BatchCommand>(); }

}  // namespace penstock::tools
