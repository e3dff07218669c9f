// From a recipe and a path to what a Run needs: the ground that all jobs stand on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/registry.h"
#include "engine/memory/budget.h"
#include "engine/run/run.h"
#include "io/data/dataset.h"
#include "io/tier/storage.h"
#include "pipelines/job/progress.h"
#include "pipelines/recipe/recipe.h"

namespace penstock {

namespace table {
struct Fitted;
}

/// Every stage of Penstock.
StageRegistry all_stages();

/// Where data comes from, as the command line says it.
struct DataPaths {
  std::string data;         ///< --data
  std::string val = {};     ///< --val; "": val/ beside train/, or the recipe's share
  std::string labels = {};  ///< --labels
};

/// A training's two data sets.
struct JobData {
  std::shared_ptr<const io::Dataset> train;
  std::shared_ptr<const io::Dataset> val;  ///< null: there is none; its labels are places in train->class_names()
  std::string val_from;                    ///< for people: "val/ of the data set", "a tenth of each class", ...
  std::shared_ptr<const table::Fitted> fitted = {};  ///< of tables: what the rows are encoded with
};

/// What opening data may use; see TableWorld for what tables need.
struct JobWorld {
  unsigned threads = 0;              ///< 0: Cores::available()
  ProgressSink* progress = nullptr;  ///< null: none
};

/// What `train` trains and validates on: --val, else the data set's own val/, else the recipe's [data] val (a Subset of
/// the data), else nothing. Errors as io::open; kUsage where the data has no classes, or the two sets have different ones. With [table] in the recipe the data are tables
/// (open_table_data).
JobData open_job_data(const DataPaths& paths, const pipelines::Recipe& recipe, const JobWorld& world = {});

/// The data set at one path for one view: kTrain its train/ where it has one, kEval its val/ where it has one, else all of it.
/// `classes`: when not empty, labels are places in this list. For pictures; of tables the parts of open_job_data() are the views.
std::shared_ptr<const io::Dataset> open_view(const DataPaths& paths, Mode mode,
                                             const std::vector<std::string>& classes = {});

/// Error kUsage where the data set has no classes: nothing can be learnt from it. One of rows may have another task.
void require_classes(const io::Dataset& data);

/// Memory that a job may use: [budget], and half of what the machine has free where it says nothing.
struct JobMemory {
  Need limits;
  std::string text;  ///< for people: "ram 11.3 GiB (half of what is free)"
};
/// `pinned`: batches lie in memory that devices copy from; where [budget] says nothing of it, it is a quarter of RAM's.
JobMemory choose_memory(const pipelines::BudgetSection& budget, bool pinned = false);
/// Of a job that computes on the recipe's lanes: pinned where none of them is a CPU (Lanes::compute_elsewhere).
JobMemory choose_memory(const pipelines::Recipe& recipe);
/// Bytes that this process could still take: the least of the machine's and the cgroup's.
uint64_t available_memory_bytes();

/// Records that may be refused in an epoch: at least one where the share is not 0.
uint64_t fault_budget(Share share, uint64_t records);

/// Order, batch, faults and seed of one epoch; `at_epoch` is phase_view(recipe, epoch). kEval: sequential, keeps the last batch,
/// [faults] eval. Cores, budgets, where to begin and how far to go are the caller's.
RunOptions run_options(const pipelines::Recipe& at_epoch, Mode mode, uint64_t records);

/// The recipe with everything chosen that the data decides: [data] block where it is 0, from the mean record and the usual hard disk's 75 MB (never
/// from what this machine's disk was measured to do: the order of an epoch is the same everywhere).
pipelines::Recipe fitted(pipelines::Recipe recipe, const io::Dataset& data);
/// Records of a block that a hard disk reads at nearly its sequential rate.
uint64_t fitted_block(const io::Dataset& data);

/// What [budget] says of the tiers that a data set is read through, for a job of `epochs` epochs.
io::StorageOptions storage_options(const pipelines::Recipe& recipe, uint64_t epochs);

/// The recipe's graph of a mode, bound to a source.
Graph bind_graph(const pipelines::Recipe& at_epoch, const Source& source, Mode mode);

/// Names a record of a job's data set in the terms of what lies on disk: through a Subset, the whole's id.
uint64_t id_on_disk(const io::Dataset& data, uint64_t id);

}  // namespace penstock
