#include "tools/cmd_look.h"

#include <CLI/CLI.hpp>

#include "io/file/atomic_file.h"
#include "pipelines/inspect/batch_look.h"
#include "pipelines/inspect/contact_sheet.h"
#include "stages/image/png_encoder.h"
#include "tools/json_report.h"
#include "tools/places.h"
#include "tools/recipe_options.h"

namespace penstock::tools {
namespace {

Caption caption_of(const LookedAtRecord& record) {
  const std::string label = record.label < 0 ? "no label" : std::to_string(record.label);
  return {record.class_name.empty() ? label : record.class_name,
          std::to_string(record.id) + " " + io::base_name(record.name)};
}

class LookCommand final : public Command {
 public:
  std::string_view name() const override { return "look"; }
  std::string_view summary() const override {
    return "What a batch looks like to the network: a contact sheet with labels";
  }
  std::string_view example() const override {
    return "penstock look imagenette-resnet18 --data photos --out sheet.png\n"
           "  penstock look imagenette-resnet18 --data photos --out later.png --step 3:12 --count 16 --set "
           "stage.crop.size=96";
  }
  CommonUse common() const override { return {.recipe = true}; }
  void add_options(CLI::App& app) override {
    add_recipe_options(app, recipe_, true);
    app.add_option("--out", out_, "The picture to write")->required()->type_name("FILE.png");
    app.add_option("--step", step_, "The step, counted from 0 since the beginning, or within an epoch")
        ->capture_default_str()
        ->type_name("STEP|EPOCH:STEP");
    app.add_option("--view", view_, "train: what a training takes at that step; eval: its validation")
        ->capture_default_str()
        ->type_name("train|eval");
    app.add_option("--field", options_.field, "The field that holds the pictures")->capture_default_str();
    app.add_option("--count", options_.count, "Records of the batch to show, from its first on")
        ->capture_default_str()
        ->check(at_least_number(1))
        ->type_name("N");
    app.add_option("--columns", options_.columns, "Records in a row (default: about as wide as high)")
        ->check(at_least_number(1))
        ->type_name("N");
  }

  int run(Context& context) override {
    require_writable(out_, "--out");
    require_outside_data(out_, "--out", recipe_.paths.data);
    const pipelines::Recipe recipe = load_recipe(recipe_, context.options);
    const Mode view = view_named(view_);
    const JobData data = open_job_data(
        recipe_.paths, recipe, {.threads = context.options.thread_count(), .progress = &context.progress});
    const auto& part = view == Mode::kEval && data.val ? data.val : data.train;
    image::Picture sheet;
    Json records = Json::array();
    const BatchLook look = look_at_batch(recipe, *part, view, StepName::parse(step_),
                                         std::make_shared<Cores>(context.options.thread_count()),
                                         [&](const Batch& batch, const BatchLook& known) {
                                           std::vector<Caption> captions;
                                           for (const LookedAtRecord& record : known.records)
                                             captions.push_back(caption_of(record));
                                           sheet = contact_sheet(batch, captions, options_);
                                         });
    const std::vector<std::byte> png = image::encode_png(sheet);
    io::AtomicFile file(io::FileSystem::real(), out_);
    file.write(png);
    file.commit();
    const size_t shown = std::min(options_.count, look.records.size());
    for (size_t i = 0; i < shown; ++i) {
      const LookedAtRecord& record = look.records[i];
      records.push_back({{"position", record.position},
                         {"id", record.id},
                         {"name", record.name},
                         {"label", record.label},
                         {"class", record.class_name}});
    }
    context.output.result(out_ + ": " + std::to_string(shown) + " of " + std::to_string(look.records.size()) +
                              " records of epoch " + std::to_string(look.epoch) + ", step " +
                              std::to_string(look.step) + ", " + std::to_string(sheet.width) + "x" +
                              std::to_string(sheet.height) + " pixels\n",
                          {{"file", out_},
                           {"epoch", look.epoch},
                           {"step", look.step},
                           {"width", sheet.width},
                           {"height", sheet.height},
                           {"records", records}});
    return 0;
  }

 private:
  RecipeOptions recipe_;
  std::string out_, step_ = "0", view_ = "train";
  ContactSheetOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_look_command() { return std::make_unique<LookCommand>(); }

}  // namespace penstock::tools
