#include "tools/cmd_train.h"

#include <CLI/CLI.hpp>

#include "engine/base/bytes.h"
#include "pipelines/job/job.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/train_job.h"
#include "pipelines/trees/trees_job.h"
#include "stages/learn/allocation.h"
#include "stages/table/fitted.h"
#include "tools/options.h"
#include "tools/places.h"

namespace penstock::tools {
namespace {

double time_limit_seconds(const std::string& text) {
  if (text.empty()) return 0;
  const auto limit = parse_duration(text);
  if (limit && limit->seconds > 0) return limit->seconds;
  throw Error(Code::kUsage, "--time-limit '" + text + "' is no length of time").hint("write 11h, 90min or 30s");
}

class TrainCommand final : public Command {
 public:
  std::string_view name() const override { return "train"; }
  std::string_view summary() const override {
    return "Train a network or trees; everything that comes of it lies in one folder";
  }
  std::string_view example() const override {
    return "penstock train imagenette-resnet18 --data imagenette/ --out runs/first\n"
           "  penstock train imagenet-resnet50 --data train.lmdb --val val.lmdb --out run --resume auto --time-limit "
           "11h";
  }
  CommonUse common() const override { return {.recipe = true, .trace = true}; }

  bool shares_work() const override { return true; }

  void add_options(CLI::App& app) override {
    app.add_option("recipe", recipe_, "A recipe: a TOML file or the name of a built-in one")
        ->required()
        ->type_name("RECIPE");
    app.add_option("--data", paths_.data, "What to train on")->required()->type_name("DATA");
    app.add_option("--val", paths_.val,
                   "What to validate on (default: val/ beside train/, else the share that data.val says)")
        ->type_name("DATA");
    add_labels(app, paths_.labels);
    app.add_option("--out", run_, "The folder of this run")->required()->type_name("RUN");
    app.add_option("--resume", resume_,
                   "auto: go on with RUN or start it; must: go on; never: refuse a RUN that exists")
        ->type_name("auto|must|never")
        ->capture_default_str();
    app.add_option("--time-limit", time_limit_, "Stop in time before that long, with a checkpoint")->type_name("11h");
  }

  int run(Context& context) override {
    require_outside_data(run_, "--out", paths_.data);
    require_outside_data(run_, "--out", paths_.val);
    learn::keep_freed_memory();  // before data sets make threads
    train::TrainOptions options{.recipe = pipelines::load_recipe(recipe_, {.set = context.options.set}),
                                .run = run_,
                                .resume = train::resume_named(resume_),
                                .threads = context.options.thread_count(),
                                .time_limit_seconds = time_limit_seconds(time_limit_),
                                .stop = context.stop,
                                .progress = &context.progress,
                                .trace = context.trace,
                                .processes = context.processes};
    const JobData data =
        open_job_data(paths_, options.recipe, {.threads = options.threads, .progress = &context.progress});
    if (data.fitted) options.fitted = table::to_text(*data.fitted);
    for (const std::string& note : data.train->notes()) context.output.note(note);
    context.output.note(std::to_string(data.train->size()) +
                        (data.train->table_fields() != nullptr ? " rows" : " records") +
                        (data.train->table_fields() != nullptr && data.train->class_names().empty()
                             ? ""
                             : " of " + std::to_string(data.train->class_names().size()) + " classes") +
                        " to train on; " +
                        (data.val ? std::to_string(data.val->size()) + " to validate on (" + data.val_from + ")"
                                  : std::string("none to validate on")));
    if (options.recipe.trees) return grow_trees(options, data, context);
    const train::TrainResult result = train::train(std::move(options), *data.train, data.val.get());
    say_unknown(data, context);
    context.output.result(result.text(), Json::parse(result.to_json()));
    return 0;
  }

 private:
  /// Values of the validation rows that the training rows do not have.
  static void say_unknown(const JobData& data, Context& context) {
    if (!data.val || data.val->table_fields() == nullptr) return;
    for (const std::string& note : data.val->notes()) context.output.note("note: of the validation rows, " + note);
  }

  static int grow_trees(train::TrainOptions& options, const JobData& data, Context& context) {
    for (const std::string& set : context.options.set)
      if (is_of_networks(set))
        context.output.warn("--set " + set + " is of networks: these are trees, which it does not change");
    if (options.recipe.train.sparse_rows > 0)
      context.output.note("note: train.sparse_rows is of networks: trees do without it");
    if (options.processes != nullptr && options.processes->size() > 1)
      throw Error(Code::kUsage, "trees are grown by one process").hint("start it without mpirun");
    const trees::TreesResult result = trees::train_trees({.recipe = std::move(options.recipe),
                                                          .run = std::move(options.run),
                                                          .resume = options.resume,
                                                          .threads = options.threads,
                                                          .time_limit_seconds = options.time_limit_seconds,
                                                          .stop = options.stop,
                                                          .progress = options.progress,
                                                          .trace = options.trace,
                                                          .fitted = std::move(options.fitted)},
                                                         *data.train, data.val.get());
    say_unknown(data, context);
    context.output.result(result.text(), Json::parse(result.to_json()));
    return 0;
  }

  std::string recipe_, run_, resume_ = "never", time_limit_;
  DataPaths paths_;
};

}  // namespace

std::unique_ptr<Command> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace penstock::tools
