#include "tools/cmd_stream.h"

#include <CLI/CLI.hpp>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "pipelines/stream/stream.h"
#include "tools/json_report.h"
#include "tools/places.h"
#include "tools/recipe_options.h"

namespace penstock::tools {
namespace {

class StreamCommand final : public Command {
 public:
  std::string_view name() const override { return "stream"; }
  std::string_view summary() const override {
    return "Runs the data side of a recipe into nothing: what could it feed?";
  }
  std::string_view example() const override {
    return "penstock stream imagenet-resnet50 --data imagenet.lmdb --steps 200 --step-ms 180\n"
           "  penstock stream imagenette-resnet18 --data photos --epochs 2 --from 1:0 --digest second.txt";
  }
  CommonUse common() const override { return {.recipe = true, .trace = true}; }

  void add_options(CLI::App& app) override {
    add_recipe_options(app, recipe_, false);
    app.add_option("--epochs", epochs_, "Epochs to go through, the one begun in counted")
        ->capture_default_str()
        ->check(at_least_number(1));
    app.add_option("--from", from_, "Where to begin, counted from 0")->type_name("STEP|EPOCH:STEP");
    app.add_option("--steps", steps_, "Stop after so many batches")->check(at_least_number(0))->type_name("N");
    app.add_option("--view", view_,
                   "train: all of DATA (of its train/), shuffled; eval: all of it (of its val/), in order")
        ->capture_default_str()
        ->type_name("train|eval");
    app.add_option("--step-ms", step_ms_, "Feed a simulated accelerator that takes T ms a step")
        ->check(at_least_number(0))
        ->type_name("T");
    app.add_option("--digest", digest_, "Write a line a batch: epoch step count ids_xxh3 bytes_xxh3")
        ->type_name("FILE");
    app.add_option("--timeline", timeline_, "Draw what each tier gave, and when")->type_name("FILE.svg");
  }

  int run(Context& context) override {
    require_writable(digest_, "--digest");
    require_writable(timeline_, "--timeline");
    const pipelines::Recipe recipe = load_recipe(recipe_, context.options);
    StreamOptions options;
    options.view = view_named(view_);
    options.from = from_.empty() ? StepName{} : StepName::parse(from_);
    options.epochs = epochs_;
    options.steps = steps_.value_or(UINT64_MAX);
    options.step_ms = step_ms_;
    options.digest_file = digest_;
    options.timeline_file = timeline_;
    options.timeline_title = io::base_name(recipe.name) + " over " + io::base_name(recipe_.paths.data);
    options.trace = context.trace;
    const auto data = open_view(recipe_.paths, options.view);
    if (data->format() != "lmdb") {
      require_outside_data(digest_, "--digest", recipe_.paths.data);
      require_outside_data(timeline_, "--timeline", recipe_.paths.data);
    }
    for (const std::string& note : data->notes()) context.output.note("note: " + note);
    const JobMemory memory = choose_memory(recipe.budget);
    context.output.note("memory: " + memory.text);
    options.cores = std::make_shared<Cores>(context.options.thread_count());
    options.budgets = std::make_shared<Budgets>(memory.limits);

    const StreamResult result = stream(recipe, *data, options, context.progress, context.stop);
    for (const Rejection& rejection : result.rejections) {
      context.output.warn("record " + std::to_string(rejection.record) + " (" + data->name(rejection.record) +
                          ") was refused by " + rejection.stage + ": " + rejection.reason);
    }
    for (const std::string& note : result.notes) context.output.note("note: " + note);
    context.output.result(words_of(result, data->size()), to_json(result, memory, data->size()));
    return 0;
  }

 private:
  static std::string words_of(const StreamResult& result, uint64_t records) {
    std::string words = result.report.text();
    if (result.accelerator_utilisation)
      words += "the accelerator computed for " + percent_text(*result.accelerator_utilisation) + " of the time\n";
    words += tiers_text(result.tiers, records);
    words += "read " + bytes_text(result.report.bytes_read) + ", " + duration_text(result.cpu_seconds) +
             " of CPU time, memory at most " + bytes_text(result.peak_rss_bytes) + " (budgets " +
             bytes_text(result.report.peak_budget_bytes) + ")\n";
    return words;
  }

  static Json to_json(const StreamResult& result, const JobMemory& memory, uint64_t records) {
    Json json = json_of(result.report);
    if (result.accelerator_utilisation) json["accelerator_utilisation"] = *result.accelerator_utilisation;
    json["cpu_seconds"] = result.cpu_seconds;
    json["peak_rss_bytes"] = result.peak_rss_bytes;
    json["budget_bytes"] = memory.limits[Tier::kRam];
    json["stopped"] = result.stopped;
    json["tiers"] = Json::array();
    for (const TierUse& tier : result.tiers) json["tiers"].push_back(json_of(tier, records));
    return json;
  }

  RecipeOptions recipe_;
  uint64_t epochs_ = 1;
  std::optional<uint64_t> steps_;
  std::optional<double> step_ms_;
  std::string from_, view_ = "train", digest_, timeline_;
};

}  // namespace

std::unique_ptr<Command> make_stream_command() { return std::make_unique<StreamCommand>(); }

}  // namespace penstock::tools
