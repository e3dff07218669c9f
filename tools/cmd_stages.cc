#include "tools/cmd_stages.h"

#include <CLI/CLI.hpp>

#include "pipelines/job/job.h"

namespace penstock::tools {
namespace {

Json json_of(const StageInfo& stage) {
  Json params = Json::array();
  for (const ParamDoc& doc : stage.params) {
    params.push_back({{"name", doc.name},
                      {"type", doc.type},
                      {"default", doc.default_text},
                      {"meaning", doc.meaning},
                      {"allowed", doc.allowed},
                      {"required", doc.required}});
  }
  return {{"name", stage.name}, {"summary", stage.summary}, {"params", params}};
}

std::string words_of(const StageInfo& stage) {
  std::string words = stage.name + ": " + stage.summary + "\n";
  for (const ParamDoc& doc : stage.params) {
    words += "  " + doc.name + " (" + doc.type;
    if (!doc.allowed.empty()) words += ", " + doc.allowed;
    words += doc.required ? ", required)" : doc.default_text.empty() ? ")" : ", default " + doc.default_text + ")";
    words += "\n      " + doc.meaning + "\n";
  }
  return words;
}

class StagesCommand final : public Command {
 public:
  std::string_view name() const override { return "stages"; }
  std::string_view summary() const override { return "The stages there are, or one with its parameters"; }
  std::string_view example() const override { return "penstock stages image.decode"; }
  void add_options(CLI::App& app) override { app.add_option("NAME", stage_, "A stage, as a recipe names it"); }

  int run(Context& context) override {
    const StageRegistry registry = all_stages();
    if (!stage_.empty()) {
      const StageInfo& stage = registry.require(stage_);
      context.output.result(words_of(stage), json_of(stage));
      return 0;
    }
    std::string words;
    Json all = Json::array();
    for (const StageInfo* stage : registry.list()) {
      words += stage->name + "  " + stage->summary + "\n";
      all.push_back(json_of(*stage));
    }
    context.output.result(words + "penstock stages NAME shows one with its parameters\n", {{"stages", all}});
    return 0;
  }

 private:
  std::string stage_;
};

}  // namespace

std::unique_ptr<Command> make_stages_command() { return std::make_unique<StagesCommand>(); }

}  // namespace penstock::tools
