#include "tools/cmd_stream.h"

#include <algorithm>

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
    app.add_option("--lanes", lanes_.lanes, "... as N lanes, each on its share of every batch")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    app.add_option("--link", link_, "... with so many bytes a second to each of them (default 12GB)")->type_name("4GB");
    app.add_option("--gradients", gradients_,
                   "... that sum so many bytes of gradients in each step, in buckets of lanes.bucket (default none)")
        ->type_name("100MB");
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
    options.accelerator = accelerator(recipe);
    options.digest_file = digest_;
    options.timeline_file = timeline_;
    options.timeline_title = io::base_name(recipe.name) + " over " + io::base_name(recipe_.paths.data);
    options.trace = context.trace;
    const auto data = open_data(recipe, options.view, context);
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
  /// Of a table the training rows or those that data.val keeps aside, as a training would see them.
  std::shared_ptr<const io::Dataset> open_data(const pipelines::Recipe& recipe, Mode view, Context& context) const {
    if (!recipe.table) return open_view(recipe_.paths, view);
    const JobData data = open_job_data(
        recipe_.paths, recipe, {.threads = context.options.thread_count(), .progress = &context.progress});
    return view == Mode::kEval && data.val ? data.val : data.train;
  }

  std::optional<AcceleratorOptions> accelerator(const pipelines::Recipe& recipe) const {
    if (!step_ms_) {
      if (lanes_.lanes == 1 && link_.empty() && gradients_.empty()) return std::nullopt;
      throw Error(Code::kUsage, "--lanes, --link and --gradients are of simulated lanes")
          .hint("say how long a step of theirs takes: --step-ms 20");
    }
    const auto size = [](const std::string& text, const char* option, uint64_t otherwise) {
      if (text.empty()) return otherwise;
      const auto bytes = parse_bytes(text);
      if (bytes && bytes->bytes > 0) return bytes->bytes;
      throw Error(Code::kUsage, std::string(option) + " '" + text + "' is no number of bytes")
          .hint("write 4GB or 100MB");
    };
    AcceleratorOptions options = lanes_;
    options.step_ms = *step_ms_;
    options.link_bytes_per_second = static_cast<double>(size(link_, "--link", 12'000'000'000));
    options.gradient_bytes = size(gradients_, "--gradients", 0);
    options.bucket_bytes = recipe.lanes.bucket.bytes;
    return options;
  }

  /// Who kept the lanes from computing all the time, if anybody did.
  static std::string limit_of(const StreamResult& result) {
    constexpr double kNearly = 0.97;
    double busy = 0;
    for (const double lane : result.lane_busy) busy += lane / static_cast<double>(result.lane_busy.size());
    if (busy >= kNearly) return "steps";
    if (busy >= kNearly * result.model->busy) return "links";
    return "data";
  }

  static std::string lanes_words(const StreamResult& result) {
    if (!result.accelerator_utilisation) return "";
    if (result.lane_busy.size() == 1)
      return "the accelerator computed for " + percent_text(*result.accelerator_utilisation) + " of the time\n";
    const auto [least, most] = std::minmax_element(result.lane_busy.begin(), result.lane_busy.end());
    const std::string limit = limit_of(result);
    return std::to_string(result.lane_busy.size()) + " lanes computed for " + percent_text(*least) + " to " +
           percent_text(*most) + " of the time; their links alone would allow " + percent_text(result.model->busy) +
           (limit == "steps"   ? ": the steps are the limit\n"
            : limit == "links" ? ": the links are the limit\n"
                               : ": the data is the limit, as the lines above say\n");
  }

  static std::string words_of(const StreamResult& result, uint64_t records) {
    std::string words = result.report.text();
    words += lanes_words(result);
    words += tiers_text(result.tiers, records);
    words += "read " + bytes_text(result.report.bytes_read) + ", " + duration_text(result.cpu_seconds) +
             " of CPU time, memory at most " + bytes_text(result.peak_rss_bytes) + " (budgets " +
             bytes_text(result.report.peak_budget_bytes) + ")\n";
    return words;
  }

  static Json to_json(const StreamResult& result, const JobMemory& memory, uint64_t records) {
    Json json = json_of(result.report);
    if (result.accelerator_utilisation) json["accelerator_utilisation"] = *result.accelerator_utilisation;
    if (result.model) {
      json["lanes"] = {{"busy", result.lane_busy},
                       {"predicted_busy", result.model->busy},
                       {"limit", limit_of(result)},
                       {"upload_seconds", result.model->upload_seconds},
                       {"sum_seconds", result.model->sum_seconds},
                       {"exposed_seconds", result.model->exposed_seconds}};
    }
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
  AcceleratorOptions lanes_;
  std::string link_, gradients_, from_, view_ = "train", digest_, timeline_;
};

}  // namespace

std::unique_ptr<Command> make_stream_command() { return std::make_unique<StreamCommand>(); }

}  // namespace penstock::tools
