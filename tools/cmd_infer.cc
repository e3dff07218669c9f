#include "tools/cmd_infer.h"

#include <CLI/CLI.hpp>

#include "pipelines/job/job.h"
#include "pipelines/table/model_rows.h"
#include "pipelines/train/infer_job.h"
#include "pipelines/trees/use_trees.h"
#include "tools/places.h"

namespace penstock::tools {
namespace {

class InferCommand final : public Command {
 public:
  std::string_view name() const override { return "infer"; }
  std::string_view summary() const override { return "Predictions or features of a model, a row a record"; }
  std::string_view example() const override {
    return "penstock infer runs/first --data photos/ --out predictions.csv\n"
           "  penstock infer runs/first --data photos/ --out features.h5 --features avgpool";
  }
  CommonUse common() const override { return {.recipe = true, .trace = true}; }

  bool shares_work() const override { return true; }

  void add_options(CLI::App& app) override {
    app.add_option("model", model_,
                   "A run directory (its best checkpoint), a checkpoint, a TorchScript file, or an AOTInductor package")
        ->required()
        ->type_name("MODEL");
    app.add_option("--data", data_, "What to predict; flat folders will do")->required()->type_name("DATA");
    app.add_option("--out", out_, "Where the rows go: .csv or .h5; replaced where it is there")
        ->required()
        ->type_name("FILE");
    app.add_option("--features", features_, "Write the output of this layer in place of predictions")
        ->type_name("LAYER");
    app.add_option("--history", history_,
                   "Of tables: the rows that came before, which [prepare] counts events and statistics over")
        ->type_name("DATA");
    app.add_option("--recipe", options_.recipe,
                   "How pictures are prepared: needed for a TorchScript file and a package")
        ->type_name("RECIPE");
  }

  int run(Context& context) override {
    options_.set = context.options.set;
    options_.threads = context.options.thread_count();
    if (trees::is_trees_model(io::FileSystem::real(), model_)) return infer_trees(context);
    const train::Model model = train::open_model(io::FileSystem::real(), model_, options_);
    // Labels are not looked at, so folders need not be classes that the model knows.
    const auto data = model.recipe.table ? open_rows(model.recipe, context) : open_view({.data = data_}, Mode::kEval);
    if (data->format() != "lmdb") require_outside_data(out_, "--out", data->path());
    return say(train::infer_model(model, *data, how(context)), model.path, *data, context);
  }

 private:
  train::InferOptions how(Context& context) const {
    return {.out = out_,
            .features = features_,
            .threads = options_.threads,
            .stop = context.stop,
            .progress = &context.progress,
            .trace = context.trace,
            .processes = context.processes};
  }
  static int say(const train::InferResult& result, const std::string& model, const io::Dataset& data,
                 Context& context) {
    if (data.table_fields() != nullptr)  // values that the training did not know
      for (const std::string& note : data.notes()) context.output.note("note: " + note);
    Json json = Json::parse(result.to_json());
    json["model"] = model;
    context.output.result(result.text(), json);
    return 0;
  }
  std::shared_ptr<const io::Dataset> open_rows(const pipelines::Recipe& recipe, Context& context) const {
    require_outside_data(out_, "--out", data_);  // not the prepared table, which lies elsewhere
    require_outside_data(out_, "--out", history_);
    return open_model_rows(model_, data_, recipe, TablePart::kAll, false, history_,
                           {.threads = options_.threads, .progress = &context.progress});
  }
  int infer_trees(Context& context) const {
    const trees::TreesModel model = trees::open_trees_model(io::FileSystem::real(), model_, options_);
    const auto data = open_rows(model.recipe, context);
    return say(trees::infer_trees(model, *data, how(context)), model.path, *data, context);
  }

  std::string model_, data_, out_, features_, history_;
  train::ModelOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_infer_command() { return std::make_unique<InferCommand>(); }

}  // namespace penstock::tools
