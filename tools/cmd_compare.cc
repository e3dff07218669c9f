#include "tools/cmd_compare.h"

#include <algorithm>
#include <set>

#include <CLI/CLI.hpp>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "pipelines/compare/comparable.h"
#include "pipelines/compare/comparison.h"
#include "pipelines/compare/predictions.h"
#include "pipelines/recipe/load.h"
#include "tools/child.h"
#include "tools/options.h"
#include "tools/places.h"

namespace penstock::tools {
namespace {

// What `evaluate` says that is a figure of merit, in the order of the table.
constexpr const char* kMetrics[] = {"rmspe", "rmse", "mae", "auc", "log_loss", "accuracy", "top1", "top5", "loss"};

std::string stem_of(const std::string& recipe) {
  const std::string name = io::base_name(recipe);
  return name.ends_with(".toml") ? name.substr(0, name.size() - 5) : name;
}

/// What is predicted, by the figures that it is judged by.
pipelines::Predicted predicted_of(const pipelines::Compared& one) {
  for (const auto& [metric, value] : one.metrics) {
    if (metric == "rmse" || metric == "rmspe" || metric == "mae") return pipelines::Predicted::kNumbers;
    if (metric == "auc") return pipelines::Predicted::kChances;
  }
  return pipelines::Predicted::kClasses;
}

/// Each recipe's training and evaluation is a process of its own: so its memory is its own, and no pool of threads is another's.
class CompareCommand final : public Command {
 public:
  std::string_view name() const override { return "compare"; }
  std::string_view summary() const override {
    return "Trains several recipes on the same data and puts them side by side";
  }
  std::string_view example() const override {
    return "penstock compare rossmann rossmann-trees rossmann-forest --data rossmann/ --out comparison\n"
           "  penstock compare mine.toml theirs.toml --data table.csv --out comparison --set seed=2";
  }
  CommonUse common() const override { return {.recipe = true}; }

  void add_options(CLI::App& app) override {
    app.add_option("recipes", recipes_, "Recipes: TOML files or names of built-in ones")
        ->required()
        ->type_name("RECIPE...");
    app.add_option("--data", data_, "What to train on; the recipes' data.val says what is kept aside")
        ->required()
        ->type_name("DATA");
    app.add_option("--val", val_, "What to validate on instead")->type_name("DATA");
    app.add_option("--out", out_,
                   "A folder for a RUN of each recipe, the table and the pictures; goes on where it stopped")
        ->required()
        ->type_name("FOLDER");
  }

  int run(Context& context) override {
    require_outside_data(out_, "--out", data_);
    require_distinct_names();
    require_trees_for(context.options.set);
    std::vector<Contestant> contestants;  // all of them, before the first one is trained for hours
    for (const std::string& recipe : recipes_) contestants.push_back(contestant_of(recipe, context));
    require_comparable(contestants);
    io::FileSystem& fs = io::FileSystem::real();
    fs.make_folders(out_);
    std::vector<pipelines::Compared> all;
    for (const Contestant& one : contestants) {
      all.push_back(train_and_try(one, context));
      require_same_records(all, fs);
    }
    const std::string table = pipelines::comparison_table(all, io::base_name(data_));
    Json json = Json::parse(pipelines::comparison_json(all));
    json["pictures"] = Json::array();
    for (const pipelines::Compared& one : all)
      for (const std::string& picture : pictures_of(one, fs)) json["pictures"].push_back(picture);
    io::write_file(fs, io::join_path(out_, "comparison.md"), table);
    io::write_file(fs, io::join_path(out_, "comparison.json"), json.dump(1) + "\n");
    std::string words = table + "\n" + io::join_path(out_, "comparison.md");
    for (const Json& picture : json["pictures"]) words += ", " + picture.get<std::string>();
    context.output.result(words + "\n", json);
    return 0;
  }

 private:
  struct Contestant {
    std::string recipe;
    std::vector<std::string> set;  ///< of --set what is its own
    pipelines::Recipe whole;       ///< with that
  };

  void require_comparable(const std::vector<Contestant>& contestants) const {
    std::vector<pipelines::Recipe> all;
    for (const Contestant& one : contestants) all.push_back(one.whole);
    pipelines::require_comparable(all, !val_.empty());
  }

  void require_trees_for(const std::vector<std::string>& sets) const {
    const auto key = std::ranges::find_if(sets, [](const std::string& set) { return set.starts_with("trees."); });
    if (key == sets.end()) return;
    for (const std::string& recipe : recipes_)
      if (pipelines::load_recipe(recipe).trees) return;
    throw Error(Code::kUsage, "--set " + *key + " is for none of these recipes: none has [trees]")
        .hint("name one that has, or leave it out");
  }

  /// Keys of trees would turn a recipe with a network into one with trees: they are for those that have some, and those of networks for the others.
  Contestant contestant_of(const std::string& recipe, Context& context) const {
    Contestant out{.recipe = recipe, .set = {}, .whole = {}};
    const bool has_trees = pipelines::load_recipe(recipe).trees.has_value();
    for (const std::string& set : context.options.set) {
      if (has_trees ? !is_of_networks(set) : !set.starts_with("trees."))
        out.set.push_back(set);
      else
        context.output.note("--set " + set + " is not for '" + stem_of(recipe) + "', which " +
                            (has_trees ? "grows trees" : "has no trees"));
    }
    out.whole = pipelines::load_recipe(recipe, {.set = out.set});
    return out;
  }

  std::string run_of(const std::string& recipe) const { return io::join_path(out_, stem_of(recipe)); }
  std::string predictions_of(const std::string& run) const { return run + ".predictions.csv"; }

  void require_distinct_names() const {
    std::set<std::string> names;
    for (const std::string& recipe : recipes_)
      if (!names.insert(stem_of(recipe)).second)
        throw Error(Code::kUsage, "two of the recipes are called '" + stem_of(recipe) + "'")
            .hint("their runs would be one folder: give one of the files another name");
  }

  /// One call of this program; its JSON.
  Json call(std::vector<std::string> args, Context& context) const {
    args.push_back("--json");
    if (context.options.threads != 0) args.insert(args.end(), {"--threads", std::to_string(context.options.threads)});
    if (context.options.quiet) args.push_back("--quiet");
    const ChildResult child = run_child(own_program(), args, context.stop);
    if (context.stop.stop_requested())
      throw Error(Code::kCancelled, "the comparison was stopped; the same line goes on where it was");
    if (child.code != 0)
      throw Error(child.code == 2   ? Code::kUsage
                  : child.code == 3 ? Code::kData
                                    : Code::kInternal,
                  "'penstock " + args[0] + " " + args[1] + "' ended with " + std::to_string(child.code) +
                      "; what it said stands above")
          .hint("what was trained before it lies in '" + out_ + "' and is not trained again");
    Json json = Json::parse(child.out, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) throw Error(Code::kInternal, "'penstock " + args[0] + "' wrote no JSON");
    return json;
  }

  pipelines::Compared train_and_try(const Contestant& one, Context& context) const {
    const std::string& recipe = one.recipe;
    const std::string run = run_of(recipe);
    context.output.note("--- " + stem_of(recipe));
    std::vector<std::string> train = {"train", recipe, "--data", data_, "--out", run, "--resume", "auto"};
    if (!val_.empty()) train.insert(train.end(), {"--val", val_});
    for (const std::string& set : one.set) train.insert(train.end(), {"--set", set});
    const Json learnt = call(train, context);
    const Json tried =
        call({"evaluate", run, "--data", val_.empty() ? data_ : val_, "--predictions", predictions_of(run)}, context);
    pipelines::Compared out{.name = stem_of(recipe),
                            .model = learnt.value("model", ""),
                            .metrics = {},
                            .records = tried.value("records", uint64_t{0}),
                            .seconds = learnt.value("seconds", 0.0),
                            .peak_rss_bytes = learnt.value("peak_rss_bytes", uint64_t{0}),
                            .model_bytes = learnt.value("model_bytes", uint64_t{0}),
                            .run = run,
                            .target = one.whole.table->target};
    for (const char* metric : kMetrics)
      if (tried.contains(metric) && tried[metric].is_number())
        out.metrics.emplace_back(metric, tried[metric].get<double>());
    if (out.metrics.size() > 1)
      std::erase_if(out.metrics, [](const auto& m) { return m.first == "loss"; });  // each model's own
    return out;
  }

  void require_same_records(const std::vector<pipelines::Compared>& all, io::FileSystem& fs) const {
    if (all.size() < 2 || pipelines::same_records(predictions_of(all.front().run), predictions_of(all.back().run), fs))
      return;
    throw Error(Code::kUsage, "'" + all.front().name + "' and '" + all.back().name +
                                  "' were validated on different records, so their figures cannot be compared")
        .hint("give both recipes the same data.val and the same [prepare] where, or --val");
  }

  std::vector<std::string> pictures_of(const pipelines::Compared& one, io::FileSystem& fs) const {
    std::vector<std::string> out;
    const std::string scatter = one.run + ".predicted.svg";
    io::write_file(
        fs, scatter,
        pipelines::predictions_picture(predictions_of(one.run), predicted_of(one), one.name, one.target, fs));
    out.push_back(scatter);
    if (const std::string bars = io::join_path(one.run, "importances.svg"); fs.exists(bars)) out.push_back(bars);
    return out;
  }

  std::vector<std::string> recipes_;
  std::string data_, val_, out_;
};

}  // namespace

std::unique_ptr<Command> make_compare_command() { return std::make_unique<CompareCommand>(); }

}  // namespace penstock::tools
