// What a recipe means for a training: graphs bound to the data, numbers worked out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/memory/budget.h"
#include "io/data/dataset.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/train/train_plan.h"

namespace penstock::train {

/// The parts of a machine that the runs of a job share.
struct Machine {
  std::shared_ptr<Cores> cores;
  std::shared_ptr<Budgets> budgets;
  std::string memory;  ///< for people: what was chosen
};

/// Cores that yield to the step where a lane computes on the CPU, and the budgets of the recipe (or of the machine).
Machine machine_for(const pipelines::Recipe& recipe, unsigned threads);

/// job's run_options() on these cores and budgets.
RunOptions run_options_for(const pipelines::Recipe& view, Mode mode, const Source& data, const Machine& machine);

/// Torch threads of each lane of this process: [lanes] threads, or the cores shared out.
int torch_threads(const pipelines::Recipe& recipe, unsigned threads);

/// As lanes.devices, with the limit of budget.gpu where a device states none.
std::vector<std::string> lane_devices(const pipelines::Recipe& recipe);

/// What the learner is made of. `steps` and `steps_per_epoch` are of the whole training (schedules count in them); `script` is the
/// TorchScript file where the recipe names one.
learn::LearnerConfig learner_config(const pipelines::Recipe& recipe, int64_t classes, unsigned threads, uint64_t steps,
                                    double steps_per_epoch, std::vector<std::byte> script);

/// What the network of `config` is made for becomes that table; what the recipe says of it, by the names of its columns. Throws Error kUsage for
/// an embedding of no column.
void fit_to_table(learn::LearnerConfig& config, const pipelines::Recipe& recipe, const io::TableFields& fields);
/// Throws Error kUsage where the network takes rows and the data are none, the other way round, or another table.
void require_table(const learn::LearnerConfig& config, const io::Dataset& data);

/// Binds the graph of every phase and checks that epochs can be made. Throws Error kUsage naming stage, file, line and key where
/// recipe and data do not fit: a batch larger than the data, a field nobody makes, no classes, labels outside net.classes.
TrainPlan make_train_plan(const pipelines::Recipe& recipe, const io::Dataset& train, const io::Dataset* val,
                          const Machine& machine, unsigned threads, std::vector<std::byte> script,
                          const Together& together = Together());

}  // namespace penstock::train
