#include "pipelines/train/same_run.h"

#include "engine/base/error.h"
#include "pipelines/job/job.h"
#include "pipelines/recipe/changes.h"
#include "pipelines/recipe/load.h"

namespace penstock::train {

void require_same_run(const LearntFrom& stored, const LearntFrom& now, const pipelines::Recipe& recipe, uint64_t epoch,
                      const std::string& run) {
  const auto other = [&](const char* what, const std::string& was, const std::string& is) {
    return Error(Code::kUsage, "the run '" + run + "' was " + what + " the data " + was + ", this is " + is)
        .hint("give the data that it was started with, or start a new run: another --out");
  };
  if (stored.data != now.data) throw other("trained on", stored.data, now.data);
  if (stored.val != now.val)
    throw other("validated on", stored.val.empty() ? "of none" : stored.val, now.val.empty() ? "none" : now.val);
  // After the data: what fits the data, as data.block, differs with it.
  // A parameter that the stages did not have then had its default.
  const pipelines::Recipe before =
      pipelines::resolve_stages(pipelines::parse_recipe(stored.recipe, "the recipe of '" + run + "'"), all_stages());
  pipelines::require_resumable(before, recipe, epoch, run);
}

}  // namespace penstock::train
