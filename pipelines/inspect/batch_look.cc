#include "pipelines/inspect/batch_look.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/order/draws.h"
#include "pipelines/job/job.h"
#include "pipelines/recipe/phases.h"
#include "pipelines/stream/digest.h"

namespace penstock {
namespace {

constexpr int kUniforms = 4;

LookedAtDraws draws_of(const BoundStage& stage, const Batch& batch, uint64_t seed) {
  LookedAtDraws look{stage.id, stage.draw_key, {}};
  for (size_t i = 0; i < batch.size(); ++i) {
    uint32_t attempt = 0;  // a replacement draws anew
    for (const Rejection& rejection : batch.rejections()) {
      if (rejection.replaced && rejection.position == batch.positions()[i])
        attempt = std::max(attempt, rejection.attempt + 1);
    }
    Draws draws = stage.kind == StageKind::kBatch ? Draws(seed, batch.epoch(), batch.first_position(), stage.draw_key)
                                                  : Draws(seed, batch.epoch(), batch.ids()[i], stage.draw_key, attempt);
    std::vector<double> numbers;
    for (int k = 0; k < kUniforms; ++k) numbers.push_back(draws.uniform());
    look.uniforms.push_back(std::move(numbers));
  }
  return look;
}

// A step that no training with this recipe comes to; `epoch` is the one it would lie in.
void require_in_training(const pipelines::Recipe& recipe, Mode mode, uint64_t records, uint64_t epoch) {
  const uint64_t epochs = recipe.train.epochs;
  if (epoch < epochs) return;
  uint64_t steps = 0, last = 0;
  const std::vector<uint64_t> starts = pipelines::phase_boundaries(recipe);
  for (size_t i = 0; i < starts.size(); ++i) {
    last = steps_per_epoch(pipelines::phase_view(recipe, starts[i]), mode, records);
    steps += last * ((i + 1 < starts.size() ? starts[i + 1] : epochs) - starts[i]);
  }
  throw Error(Code::kUsage, "the recipe has " + std::to_string(epochs) + " epochs; its last step is " +
                                std::to_string(steps - 1) + ", or " + std::to_string(epochs - 1) + ":" +
                                std::to_string(last - 1))
      .hint("steps and epochs are counted from 0; set train.epochs for a longer training");
}

}  // namespace

BatchLook look_at_batch(const pipelines::Recipe& given, const io::Dataset& data, Mode mode, const StepName& step,
                        std::shared_ptr<Cores> cores, const std::function<void(const Batch&, const BatchLook&)>& with) {
  const pipelines::Recipe recipe = fitted(given, data);
  if (step.epoch) require_in_training(recipe, mode, data.size(), *step.epoch);
  const auto [epoch, of_epoch] = locate_step(recipe, mode, data.size(), step);
  require_in_training(recipe, mode, data.size(), epoch);
  const pipelines::Recipe at_epoch = pipelines::phase_view(recipe, epoch);
  RunOptions options = run_options(at_epoch, mode, data.size());
  options.epoch = epoch;
  options.step = of_epoch;
  options.steps = 1;
  options.cores = std::move(cores);
  Run run = Run::start(bind_graph(at_epoch, data, mode), data, options);
  const Batch batch = run.next();

  BatchLook look{.epoch = epoch, .step = of_epoch, .schema = batch.schema().text(), .digest = digest_line(batch)};
  const std::vector<std::string>& classes = data.class_names();
  for (size_t i = 0; i < batch.size(); ++i) {
    const uint64_t id = batch.ids()[i];
    const int64_t label = data.label(id);
    const bool named = label >= 0 && static_cast<size_t>(label) < classes.size();
    look.records.push_back({batch.positions()[i], id_on_disk(data, id), data.name(id), label,
                            named ? classes[static_cast<size_t>(label)] : ""});
  }
  for (Rejection rejection : batch.rejections()) {
    rejection.record = id_on_disk(data, rejection.record);
    if (rejection.replaced) rejection.replacement = id_on_disk(data, rejection.replacement);
    look.rejections.push_back(std::move(rejection));
  }
  for (const BoundStage& stage : run.graph().stages) {
    if (stage.draws) look.draws.push_back(draws_of(stage, batch, options.seed));
  }
  if (with) with(batch, look);
  return look;
}

}  // namespace penstock
