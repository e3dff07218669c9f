#include "pipelines/job/job.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "io/data/open.h"
#include "io/data/table_fields.h"
#include "io/table/table.h"
#include "pipelines/job/subset.h"
#include "pipelines/table/table_data.h"
#include "stages/bytes/registry.h"
#include "stages/classic/registry.h"
#include "stages/image/registry.h"

namespace penstock {

StageRegistry all_stages() {
  StageRegistry registry;
  image::register_image_stages(registry);
  bytes::register_bytes_stages(registry);
  classic::register_classic_stages(registry);
  return registry;
}

void require_classes(const io::Dataset& data) {
  const io::TableFields* rows = data.table_fields();
  if (!data.class_names().empty() || (rows != nullptr && rows->task != Task::kClasses)) return;
  throw Error(Code::kUsage, "'" + data.path() + "' has no classes: nothing can be learnt from it")
      .hint("put the pictures into a folder for each class, or name their classes with --labels FILE.csv");
}

JobData open_job_data(const DataPaths& paths, const pipelines::Recipe& recipe, const JobWorld& world) {
  if (recipe.table) return open_table_data(paths, recipe, {.threads = world.threads, .progress = world.progress});
  if (io::is_table(paths.data))
    throw Error(Code::kUsage, "'" + paths.data + "' is a table, and the recipe has no [table] that says what is predicted")
        .hint("see docs/tables.md, or penstock recipes adult");
  JobData data;
  data.train = io::open(paths.data, {.split = io::Split::kTrain, .labels = paths.labels});
  require_classes(*data.train);
  const std::vector<std::string>& classes = data.train->class_names();
  if (!paths.val.empty()) {
    const io::Split split = io::has_split(paths.val, io::Split::kVal) ? io::Split::kVal : io::Split::kAll;
    data.val = io::open(paths.val, {.split = split, .classes = classes});
    data.val_from = paths.val;
  } else if (io::has_split(paths.data, io::Split::kVal)) {
    data.val = io::open(paths.data, {.split = io::Split::kVal, .classes = classes});
    data.val_from = data.val->path();
  } else if (recipe.data.val) {
    const bool by_class = recipe.data.val->by == pipelines::ValBy::kClass;
    const auto [train, val] = split_for_validation(data.train, recipe.data.val->fraction, by_class, recipe.seed);
    data.val_from = std::to_string(val->size()) + " of " + std::to_string(data.train->size()) + " records kept aside" +
                    (by_class ? ", the same share of each class" : "");
    data.train = train;
    data.val = val;
  }
  return data;
}

std::shared_ptr<const io::Dataset> open_view(const DataPaths& paths, Mode mode,
                                             const std::vector<std::string>& classes) {
  const bool has_val = mode == Mode::kEval && io::has_split(paths.data, io::Split::kVal);
  return io::open(paths.data,
                  {.split = has_val ? io::Split::kVal : io::Split::kTrain, .labels = paths.labels, .classes = classes});
}

uint64_t fault_budget(Share share, uint64_t records) {
  return static_cast<uint64_t>(std::ceil(share.of_one * static_cast<double>(records)));
}

RunOptions run_options(const pipelines::Recipe& at_epoch, Mode mode, uint64_t records) {
  RunOptions options;
  options.seed = at_epoch.seed;
  options.batch = at_epoch.data.batch;
  options.faults.budget = fault_budget(at_epoch.faults.budget, records);
  if (mode == Mode::kEval) {
    options.order = Order::kSequential;
    options.by_storage = false;  // results are a row a record, in the order of the ids
    options.last = Last::kKeep;
    options.faults.on_fault = at_epoch.faults.eval;
    return options;
  }
  options.order = at_epoch.data.order;
  options.last = at_epoch.data.last;
  options.block = at_epoch.data.block;
  options.group_blocks = at_epoch.data.group_blocks;
  options.faults.on_fault = at_epoch.faults.train;
  return options;
}

uint64_t fitted_block(const io::Dataset& data) {
  const uint64_t mean = std::max<uint64_t>(1, data.bytes() / std::max<uint64_t>(1, data.size()));
  // 0.97 of the rate, so that 0.95 are left for the records where a format has 2 % of headers and padding between them.
  const uint64_t block = io::DiskModel::assumed(io::DiskKind::kHdd).extent_bytes(0.97) / mean;
  return std::clamp<uint64_t>(block, 1, std::max<uint64_t>(1, data.size()));
}

pipelines::Recipe fitted(pipelines::Recipe recipe, const io::Dataset& data) {
  if (recipe.data.block == 0) recipe.data.block = fitted_block(data);
  return recipe;
}

io::StorageOptions storage_options(const pipelines::Recipe& recipe, uint64_t epochs) {
  io::StorageOptions options;
  if (recipe.budget.window) options.window_bytes = recipe.budget.window->bytes;
  if (recipe.budget.ram_cache) options.ram_bytes = recipe.budget.ram_cache->bytes;
  if (recipe.budget.ssd) options.ssd = io::SsdTier{recipe.budget.ssd->path, recipe.budget.ssd->size.bytes};
  options.epochs = epochs;
  return options;
}

Graph bind_graph(const pipelines::Recipe& at_epoch, const Source& source, Mode mode) {
  return at_epoch.graph().bind(source.schema(), all_stages(), mode);
}

uint64_t id_on_disk(const io::Dataset& data, uint64_t id) {
  const auto* subset = dynamic_cast<const Subset*>(&data);
  return subset == nullptr ? id : id_on_disk(subset->whole(), subset->whole_id(id));
}

}  // namespace penstock
