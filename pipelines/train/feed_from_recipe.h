// cache = "gpu" and decoder = "nvjpeg" or "hybrid" of a recipe: what a training's devices hold and decode.
#pragma once

#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/memory/budget.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/train/train_plan.h"
#include "stages/device/decode_share.h"
#include "stages/device/held_pictures.h"

namespace penstock::train {

/// What the lanes of a training do besides steps.
struct Feeding {
  std::shared_ptr<device::HeldPictures> held;  ///< null: nothing stays on the devices
  std::shared_ptr<device::DecodeShare> share;  ///< null: the lanes decode nothing
  std::string note;                            ///< what a user should know; "": nothing
};

/// What the training's stages ask for. Where a lane is a CPU, cache = "gpu" is left out and the note says so (the bytes are the same, so such a
/// recipe runs everywhere); another decoder than the CPU's is refused there, Error kUsage. Takes from `budgets` what is on its way to the devices.
/// Error kUsage where a stage of any phase is not done on a device, kMemory. `threads`: of the CPUs that decode.
Feeding feeding_for(const pipelines::Recipe& recipe, Budgets& budgets, unsigned threads);

/// The phase's graph and view, where its recipe has such stages.
void feed_phase(const pipelines::Recipe& view, const Feeding& feeding, TrainPhase& phase);

}  // namespace penstock::train
