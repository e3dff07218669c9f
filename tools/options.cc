#include "tools/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace penstock::tools {

void add_common_options(CLI::App& app, CommonOptions& options, const CommonUse& use) {
  if (use.recipe) {
    app.add_option("--set", options.set,
                   "Set a key of the recipe (may be repeated): --set train.lr=1e-3 --set stage.crop.size=160")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group("Common options");
  }
  app.add_option("--threads", options.threads,
                 "Cores to use (default: the least of affinity, cgroup quota and SLURM_CPUS_PER_TASK)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096))
      ->group("Common options");
  app.add_flag("--json", options.json, "One JSON object on stdout; everything for people goes to stderr")
      ->group("Common options");
  app.add_flag("--quiet", options.quiet, "No progress and no notes")->group("Common options");
  if (use.trace) {
    app.add_option("--trace", options.trace, "Write what happened when (for ui.perfetto.dev)")
        ->type_name("FILE")
        ->group("Common options");
  }
}

void add_labels(CLI::App& app, std::string& labels) {
  app.add_option("--labels", labels,
                 "Labels of a flat folder or a tar that has none: a CSV of file,class; ImageNet's "
                 "LOC_val_solution.csv; or the development "
                 "kit's ILSVRC2012_validation_ground_truth.txt with meta.mat beside it")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
}

bool is_of_networks(std::string_view set) {
  return set.starts_with("net.") || set.starts_with("train.") || set.starts_with("input.");
}

std::function<std::string(const std::string&)> at_least_number(double least) {
  return [least](const std::string& text) -> std::string {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (!text.empty() && *end == '\0' && value >= least) return "";
    return "'" + text + "' is no number of at least " + std::to_string(static_cast<int64_t>(least));
  };
}

}  // namespace penstock::tools
