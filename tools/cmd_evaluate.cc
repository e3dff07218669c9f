#include "tools/cmd_evaluate.h"

#include <CLI/CLI.hpp>

#include "pipelines/job/job.h"
#include "pipelines/train/evaluate_job.h"
#include "pipelines/trees/use_trees.h"
#include "tools/options.h"

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
  }

  int run(Context& context) override {
    options_.set = context.options.set;
    options_.threads = context.options.thread_count();
    if (trees::is_trees_model(io::FileSystem::real(), model_)) return evaluate_trees(context);
    const train::Model model = train::open_model(io::FileSystem::real(), model_, options_);
    const auto data = train::open_for_model(model, data_, labels_);
    const train::EvaluateResult result = train::evaluate_model(model, *data,
                                                               {.tta = tta_,
                                                                .confusion = confusion_,
                                                                .threads = options_.threads,
                                                                .stop = context.stop,
                                                                .progress = &context.progress,
                                                                .trace = context.trace,
                                                                .processes = context.processes});
    Json json = Json::parse(result.to_json());
    json["model"] = model.path;
    context.output.result(result.text(), json);
    return 0;
  }

 private:
  int evaluate_trees(Context& context) const {
    const trees::TreesModel model = trees::open_trees_model(io::FileSystem::real(), model_, options_);
    const auto data = open_view({.data = data_, .labels = labels_}, Mode::kEval, model.booster.header().classes);
    const trees::TreesEvaluation result = trees::evaluate_trees(model, *data,
                                                                {.tta = tta_,
                                                                 .confusion = confusion_,
                                                                 .threads = options_.threads,
                                                                 .stop = context.stop,
                                                                 .progress = &context.progress,
                                                                 .trace = context.trace,
                                                                 .processes = context.processes});
    Json json = Json::parse(result.to_json());
    json["model"] = model.path;
    context.output.result(result.text(), json);
    return 0;
  }

  std::string model_, data_, labels_;
  train::ModelOptions options_;
  uint64_t tta_ = 0;
  bool confusion_ = false;
};

}  // namespace

std::unique_ptr<Command> make_evaluate_command() { return std::make_unique<EvaluateCommand>(); }

}  // namespace penstock::tools
