#include "tools/cmd_stages.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "pipelines/job/job.h"
#include "tools/recipe_parts.h"

namespace penstock::tools {
namespace {

constexpr std::string_view kStep = "prepare.";

Json json_of(const RecipePart& part) {
  Json params = Json::array();
  for (const ParamDoc& doc : part.params) {
    params.push_back({{"name", doc.name},
                      {"type", doc.type},
                      {"default", doc.default_text},
                      {"meaning", doc.meaning},
                      {"allowed", doc.allowed},
                      {"required", doc.required}});
  }
  return {{"name", part.name}, {"summary", part.summary}, {"params", params}};
}

std::string words_of(const RecipePart& part) {
  std::string words = part.name + ": " + part.summary + "\n";
  if (part.name.starts_with(kStep))
    words += "  [[prepare.step]] do = \"" + part.name.substr(kStep.size()) + "\", and:\n";
  for (const ParamDoc& doc : part.params) {
    words += "  " + doc.name + " (" + doc.type;
    if (!doc.allowed.empty()) words += ", " + doc.allowed;
    words += doc.required ? ", required)" : doc.default_text.empty() ? ")" : ", default " + doc.default_text + ")";
    words += "\n      " + doc.meaning + "\n";
  }
  return words;
}

std::string lines_of(const std::vector<RecipePart>& parts) {
  std::string lines;
  for (const RecipePart& part : parts) lines += part.name + "  " + part.summary + "\n";
  return lines;
}

Json list_of(const std::vector<RecipePart>& parts) {
  Json list = Json::array();
  for (const RecipePart& part : parts) list.push_back(json_of(part));
  return list;
}

class StagesCommand final : public Command {
 public:
  std::string_view name() const override { return "stages"; }
  std::string_view summary() const override {
    return "The stages there are, and the sections and steps of tables; or one with its parameters";
  }
  std::string_view example() const override {
    return "penstock stages image.decode\n  penstock stages prepare.join\n  penstock stages table";
  }
  void add_options(CLI::App& app) override {
    app.add_option("NAME", stage_, "A stage, as a recipe names it; a section of tables, or a step of [prepare]");
  }

  int run(Context& context) override {
    const StageRegistry registry = all_stages();
    std::vector<RecipePart> stages;
    for (const StageInfo* stage : registry.list()) stages.push_back({stage->name, stage->summary, stage->params});
    const std::vector<RecipePart> table = table_parts(), prepare = prepare_parts();
    if (!stage_.empty()) {
      const RecipePart part = find({&stages, &table, &prepare});
      context.output.result(words_of(part), json_of(part));
      return 0;
    }
    context.output.result(lines_of(stages) + "\nTables:\n" + lines_of(table) + lines_of(prepare) +
                              "\npenstock stages NAME shows one with its parameters\n",
                          {{"stages", list_of(stages)}, {"table", list_of(table)}, {"prepare", list_of(prepare)}});
    return 0;
  }

 private:
  /// A step is known by its name alone, too.
  RecipePart find(const std::vector<const std::vector<RecipePart>*>& lists) const {
    std::vector<std::string> names;
    for (const std::string& wanted : {stage_, std::string(kStep) + stage_})
      for (const std::vector<RecipePart>* list : lists)
        for (const RecipePart& part : *list) {
          if (part.name == wanted) return part;
          if (wanted == stage_) names.push_back(part.name);
        }
    throw Error(Code::kUsage, "there is no stage '" + stage_ + "'" + nearest_hint(stage_, names))
        .hint("penstock stages lists them");
  }

  std::string stage_;
};

}  // namespace

std::unique_ptr<Command> make_stages_command() { return std::make_unique<StagesCommand>(); }

}  // namespace penstock::tools
