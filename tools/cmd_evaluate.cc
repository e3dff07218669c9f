#include "tools/cmd_evaluate.h"

#include <CLI/CLI.hpp>

#include "pipelines/job/job.h"
#include "pipelines/table/model_rows.h"
#include "pipelines/train/evaluate_job.h"
#include "pipelines/trees/use_trees.h"
#include "tools/options.h"
#include "tools/places.h"

namespace penstock::tools {
namespace {

class EvaluateCommand final : public Command {
 public:
  std::string_view name() const override { return "evaluate"; }
  std::string_view summary() const override { return "Loss and accuracy of a model; every record counted once"; }
  std::string_view example() const override { return "penstock evaluate runs/first --data imagenette/ --tta 4"; }
  CommonUse common() const override { return {.recipe = true, .trace = true}; }

  bool shares_work() const override { return true; }

  void add_options(CLI::App& app) override {
    app.add_option("model", model_,
                   "A run directory (its best checkpoint), a checkpoint, a TorchScript file, or an AOTInductor package")
        ->required()
        ->type_name("MODEL");
    app.add_option("--data", data_, "What to evaluate on (val/ where it has one)")->required()->type_name("DATA");
    add_labels(app, labels_);
    app.add_option("--recipe", options_.recipe,
                   "How pictures are prepared: needed for a TorchScript file and a package")
        ->type_name("RECIPE");
    app.add_option("--tta", tta_, "Average over N augmented views beside the centre one")->type_name("N");
    app.add_flag("--confusion", confusion_, "Count which class was taken for which");
    app.add_flag("--all", all_, "Of a table every row, also those that the model was trained on");
    app.add_option("--predictions", predictions_, "Of a table: write id,actual,predicted, a row a record")
        ->type_name("FILE.csv");
  }

  int run(Context& context) override {
    options_.set = context.options.set;
    options_.threads = context.options.thread_count();
    if (trees::is_trees_model(io::FileSystem::real(), model_)) return evaluate_trees(context);
    const train::Model model = train::open_model(io::FileSystem::real(), model_, options_);
    const auto data =
        model.recipe.table ? open_rows(model.recipe, context) : train::open_for_model(model, data_, labels_);
    const train::EvaluateResult result = train::evaluate_model(model, *data,
                                                               {.tta = tta_,
                                                                .confusion = confusion_,
                                                                .threads = options_.threads,
                                                                .stop = context.stop,
                                                                .progress = &context.progress,
                                                                .trace = context.trace,
                                                                .processes = context.processes,
                                                                .predictions = predictions_});
    if (model.recipe.table)
      for (const std::string& note : data->notes()) context.output.note("note: " + note);
    Json json = Json::parse(result.to_json());
    json["model"] = model.path;
    context.output.result(result.text(), json);
    return 0;
  }

 private:
  /// The part that data.val keeps aside, as in training; all of data that has none.
  std::shared_ptr<const io::Dataset> open_rows(const pipelines::Recipe& recipe, Context& context) const {
    require_writable(predictions_, "--predictions");
    require_outside_data(predictions_, "--predictions", data_);
    const bool keeps_aside = recipe.data.val && !all_;
    if (keeps_aside) context.output.note("of '" + data_ + "' the part that data.val keeps aside; --all for every row");
    return open_model_rows(model_, data_, recipe, keeps_aside ? TablePart::kVal : TablePart::kAll, true, "",
                           {.threads = options_.threads, .progress = &context.progress});
  }

  int evaluate_trees(Context& context) const {
    const trees::TreesModel model = trees::open_trees_model(io::FileSystem::real(), model_, options_);
    const auto data = open_rows(model.recipe, context);
    const trees::TreesEvaluation result = trees::evaluate_trees(model, *data,
                                                                {.tta = tta_,
                                                                 .confusion = confusion_,
                                                                 .threads = options_.threads,
                                                                 .stop = context.stop,
                                                                 .progress = &context.progress,
                                                                 .trace = context.trace,
                                                                 .processes = context.processes},
                                                                predictions_);
    for (const std::string& note : data->notes()) context.output.note("note: " + note);
    Json json = Json::parse(result.to_json());
    json["model"] = model.path;
    context.output.result(result.text(), json);
    return 0;
  }

  std::string model_, data_, labels_, predictions_;
  train::ModelOptions options_;
  uint64_t tta_ = 0;
  bool confusion_ = false, all_ = false;
};

}  // namespace

std::unique_ptr<Command> make_evaluate_command() { return std::make_unique<EvaluateCommand>(); }

}  // namespace penstock::tools
