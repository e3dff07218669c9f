// cache = "gpu" of a recipe: what a training keeps decoded on its devices.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/memory/budget.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/train/train_plan.h"
#include "stages/device/held_pictures.h"

namespace penstock::train {

/// What the stages with cache = "gpu" ask for; null where there are none, or where a lane is a CPU, which `note` then says (the bytes are the same, so such a
/// recipe runs everywhere). Takes from `budgets` what is on its way to the devices. Error kUsage where a stage of any phase is not done on a
/// device, kMemory.
std::shared_ptr<device::HeldPictures> held_pictures_for(const pipelines::Recipe& recipe, Budgets& budgets,
                                                        std::string& note);

/// The phase's graph and view, where its recipe has such stages.
void feed_phase(const pipelines::Recipe& view, const std::shared_ptr<device::HeldPictures>& held, TrainPhase& phase);

}  // namespace penstock::train
