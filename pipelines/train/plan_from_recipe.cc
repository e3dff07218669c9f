#include "pipelines/train/plan_from_recipe.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "engine/device/devices.h"
#include "io/data/table_fields.h"
#include "pipelines/job/job.h"
#include "pipelines/recipe/phases.h"
#include "pipelines/stream/passage.h"
#include "pipelines/train/feed_from_recipe.h"

namespace penstock::train {
namespace {

using pipelines::Recipe;

bool computes_on_cpu(const Recipe& recipe) {
  return std::ranges::any_of(recipe.lanes.devices,
                             [](const std::string& device) { return parse_device_spec(device).kind != "cuda"; });
}

/// A last batch of fewer records than lanes would leave one without, and SyncBatchNorm needs one in each.
void require_records_for_all(const Recipe& view, uint64_t records, uint64_t lanes) {
  if (lanes > view.data.batch)
    throw Error(Code::kUsage,
                "data.batch is " + std::to_string(view.data.batch) + " records for " + std::to_string(lanes) + " lanes")
        .hint("it is over all lanes: raise it, or name fewer devices");
  const uint64_t left = records % view.data.batch;
  if (!view.train.sync_batch_norm || view.data.last != Last::kKeep || left == 0 || left >= lanes) return;
  throw Error(Code::kUsage, "the last batch of an epoch has " + std::to_string(left) + " records for " +
                                std::to_string(lanes) + " lanes, and train.sync_batch_norm needs one in each")
      .hint("set data.last = \"drop\"");
}

/// What a module of the user's holds is seen when lanes join.
void require_batch_norms(const Recipe& recipe) {
  if (!recipe.train.sync_batch_norm || recipe.net.arch == "torchscript" || recipe.net.norm == nets::NormKind::kBatch)
    return;
  throw Error(Code::kUsage, "train.sync_batch_norm = true, and the network has no batch norms (net.norm = \"group\")")
      .hint("leave train.sync_batch_norm out: group norms count within each record; or set net.norm = \"batch\"");
}

int64_t classes_for(const Recipe& recipe, const io::Dataset& data) {
  const auto found = static_cast<int64_t>(data.class_names().size());
  int64_t labels = found;  // labels out of a CSV may be numbers without names
  if (found == 0)
    for (uint64_t id = 0; id < data.size(); ++id) labels = std::max(labels, data.label(id) + 1);
  if (labels == 0)
    throw Error(Code::kUsage, "'" + data.path() + "' has no classes, and a classifier cannot be trained without")
        .hint("give a folder of class folders, or --labels FILE.csv for a flat folder");
  if (!recipe.net.classes) return labels;
  if (*recipe.net.classes < labels)
    throw Error(Code::kUsage, "net.classes is " + std::to_string(*recipe.net.classes) + ", but '" + data.path() +
                                  "' has " + std::to_string(labels) + " classes")
        .hint("leave net.classes out, then it is taken from the data");
  return *recipe.net.classes;
}

void require_fields(const Graph& graph, const learn::LearnerConfig& learner, const char* mode) {
  for (const std::string& name : learn::fields_of(learner)) {
    if (graph.output.find(name) != nullptr) continue;
    throw Error(Code::kUsage, "the learner needs the field '" + name + "', which no stage for " + mode +
                                  " makes; there are:\n" + graph.output.text())
        .hint(nets::is_table_net(learner.net.arch)
                  ? "a table has it where [table] names such columns"
                  : "add a stage that makes it, such as image.decode, with when = \"both\" or \"" + std::string(mode) +
                        "\"");
  }
}

}  // namespace

Machine machine_for(const Recipe& recipe, unsigned threads) {
  JobMemory memory = choose_memory(recipe);
  return {std::make_shared<Cores>(threads, computes_on_cpu(recipe)), std::make_shared<Budgets>(memory.limits),
          std::move(memory.text)};
}

RunOptions run_options_for(const Recipe& view, Mode mode, const Source& data, const Machine& machine) {
  RunOptions options = run_options(view, mode, data.size());
  options.cores = machine.cores;
  options.budgets = machine.budgets;
  return options;
}

int torch_threads(const Recipe& recipe, unsigned threads) {
  const auto lanes = static_cast<int>(std::max<size_t>(1, recipe.lanes.devices.size()));
  return recipe.lanes.threads.value_or(std::max(1, static_cast<int>(threads) / lanes));
}

std::vector<std::string> lane_devices(const Recipe& recipe) {
  std::vector<std::string> devices = recipe.lanes.devices;
  if (!recipe.budget.gpu) return devices;
  for (std::string& device : devices)
    if (parse_device_spec(device).kind != "cpu" && device.find("memory=") == std::string::npos)
      device += ",memory=" + std::to_string(recipe.budget.gpu->bytes) + "B";
  return devices;
}

learn::LearnerConfig learner_config(const Recipe& recipe, int64_t classes, unsigned threads, uint64_t steps,
                                    double steps_per_epoch, std::vector<std::byte> script) {
  const pipelines::TrainSection& t = recipe.train;
  learn::LearnerConfig config;
  config.net = {.arch = recipe.net.arch,
                .classes = classes,
                .zero_init_residual = recipe.net.zero_init_residual,
                .norm = recipe.net.norm};
  config.script = std::move(script);
  config.mean = recipe.input.mean;
  config.std = recipe.input.std;
  config.optimiser = {.kind = t.optimizer,
                      .momentum = t.momentum,
                      .beta2 = t.beta2,
                      .epsilon = t.epsilon,
                      .nesterov = t.nesterov,
                      .weight_decay = t.weight_decay};
  const auto in_steps = [&](double epochs) { return static_cast<uint64_t>(std::llround(epochs * steps_per_epoch)); };
  config.schedule = {.kind = t.schedule,
                     .lr = t.lr,
                     .total_steps = std::max<uint64_t>(1, steps),
                     .warmup_steps = t.schedule == learn::ScheduleKind::kOneCycle ? 0 : in_steps(t.warmup),
                     .warmup_start = t.warmup_start,
                     .rise = t.rise,
                     .start_divisor = t.start_divisor,
                     .final_divisor = t.final_divisor,
                     .cycle_momentum = t.cycle_momentum,
                     .momentum_low = t.momentum_low,
                     .momentum_high = t.momentum_high,
                     .min_lr = t.min_lr,
                     .step_every = std::max<uint64_t>(1, in_steps(t.step_every)),
                     .gamma = t.gamma};
  config.label_smoothing = t.label_smoothing;
  config.ema_decay = t.ema;
  config.precision = t.precision;
  config.channels_last = t.channels_last;
  config.capture = t.cuda_graph ? learn::Capture::kOnGpu : learn::Capture::kNever;
  config.threads = torch_threads(recipe, threads);
  config.seed = recipe.seed;
  return config;
}

/// [net] range in the target's own units -> as the network's outputs are learnt.
std::vector<double> learnt_range(const std::vector<double>& range, const io::TableFields& fields) {
  if (range.size() != 2 || fields.task != Task::kRegression) return range;
  TargetTransform transform = fields.transform;
  transform.lowest.reset();
  transform.highest.reset();
  std::vector<double> out;
  for (const double x : range) out.push_back(transform.apply(x));
  if (std::isfinite(out[0]) && std::isfinite(out[1])) return out;
  throw Error(Code::kUsage, "net.range = [" + Value(range[0]).text() + ", " + Value(range[1]).text() +
                                "] has no logarithm, and table.target_log takes it of '" + fields.target + "'")
      .hint("net.range is in the units of the target: its lower end must be above " +
            std::string(transform.log == TargetLog::kLog ? "0" : "-1"));
}

void fit_to_table(learn::LearnerConfig& config, const Recipe& recipe, const io::TableFields& fields) {
  const pipelines::NetSection& net = recipe.net;
  nets::TableNetSpec table{.numbers = static_cast<int64_t>(fields.numbers.size()),
                           .layers = net.layers,
                           .bottom = net.bottom,
                           .dropout = net.dropout,
                           .embedding_dropout = net.embedding_dropout,
                           .batch_norm = net.batch_norm,
                           .range = learnt_range(net.range, fields)};
  std::vector<std::string> names;
  for (const io::CategoryField& field : fields.categories) {
    names.push_back(field.name);
    table.cardinalities.push_back(field.cardinality);
    const auto said = net.embeddings.find(field.name);
    const int64_t* width = said == net.embeddings.end() ? nullptr : said->second.get_if<int64_t>();
    if (said != net.embeddings.end() && width == nullptr)
      throw Error(Code::kUsage, "net.embeddings." + field.name + " is a width, a whole number above 0");
    table.widths.push_back(width != nullptr ? *width : nets::embedding_width(field.cardinality));
  }
  for (const auto& [name, width] : net.embeddings)
    if (std::ranges::find(names, name) == names.end())
      throw Error(Code::kUsage,
                  "net.embeddings names '" + name + "', which is no column of categories" + nearest_hint(name, names));
  if (net.arch != "tabular") {
    table.widths.clear();
    if (net.width) table.widths = {*net.width};
  }
  config.net.table = std::move(table);
  config.task = fields.task;
  config.transform = fields.transform;
  config.loss = recipe.train.loss;
  config.sparse_rows = recipe.train.sparse_rows;
}

void require_table(const learn::LearnerConfig& config, const io::Dataset& data) {
  const io::TableFields* rows = data.table_fields();
  const bool wanted = nets::is_table_net(config.net.arch);
  if (wanted != (rows != nullptr))
    throw Error(Code::kUsage, "the network '" + config.net.arch + "' takes " + (wanted ? "rows" : "pictures") +
                                  ", and '" + data.path() + "' has " + (wanted ? "none" : "rows"))
        .hint(wanted ? "net.arch = \"resnet18\" takes pictures; a table needs [table] in the recipe"
                     : "net.arch = \"tabular\", \"dlrm\" or \"fm\" takes rows");
  if (rows == nullptr) return;
  std::vector<int64_t> cardinalities;
  for (const io::CategoryField& field : rows->categories) cardinalities.push_back(field.cardinality);
  if (cardinalities == config.net.table.cardinalities &&
      static_cast<int64_t>(rows->numbers.size()) == config.net.table.numbers && rows->task == config.task)
    return;
  throw Error(Code::kUsage, "'" + data.path() + "' does not fit the network: it has " +
                                std::to_string(cardinalities.size()) + " columns of categories and " +
                                std::to_string(rows->numbers.size()) + " of numbers for " +
                                std::string(name_of(rows->task)) + ", or other numbers of categories, than " +
                                std::to_string(config.net.table.cardinalities.size()) + " and " +
                                std::to_string(config.net.table.numbers) + " for " + std::string(name_of(config.task)))
      .hint("encode it by the fitted file of the training");
}

TrainPlan make_train_plan(const Recipe& recipe, const io::Dataset& train, const io::Dataset* val,
                          const Machine& machine, unsigned threads, std::vector<std::byte> script,
                          const Together& together) {
  require_batch_norms(recipe);
  TrainPlan plan;
  plan.epochs = recipe.train.epochs;
  plan.eval_every = std::max<uint64_t>(1, recipe.train.eval_every);
  plan.checkpoint = {.seconds = recipe.checkpoint.every.steps + recipe.checkpoint.every.epochs > 0
                                    ? 0
                                    : recipe.checkpoint.every.time.seconds,
                     .steps = recipe.checkpoint.every.steps,
                     .epochs = recipe.checkpoint.every.epochs,
                     .keep = recipe.checkpoint.keep};
  const Feeding feeding = feeding_for(recipe, *machine.budgets, threads);
  plan.note = feeding.note;
  const std::vector<uint64_t> starts = pipelines::phase_boundaries(recipe);
  for (size_t i = 0; i < starts.size(); ++i) {
    const Recipe view = pipelines::phase_view(recipe, starts[i]);
    TrainPhase phase;
    phase.until_epoch = i + 1 < starts.size() ? starts[i + 1] : plan.epochs;
    phase.train = bind_graph(view, train, Mode::kTrain);
    feed_phase(view, feeding, phase);
    require_records_for_all(view, train.size(), recipe.lanes.devices.size() * together.size());
    phase.train_run = together.share(run_options_for(view, Mode::kTrain, train, machine));
    phase.steps_per_epoch = steps_per_epoch(view, Mode::kTrain, train.size());
    if (val != nullptr) {
      phase.eval = bind_graph(view, *val, Mode::kEval);
      phase.eval_run = together.share(run_options_for(view, Mode::kEval, *val, machine));
    }
    plan.phases.push_back(std::move(phase));
  }
  const uint64_t steps = plan.steps_until(plan.epochs);
  plan.lanes = {.devices = lane_devices(recipe),
                .learner = {},
                .global_batch = static_cast<int64_t>(recipe.data.batch),
                .bucket_bytes = recipe.lanes.bucket.bytes,
                .sync_batch_norm = recipe.train.sync_batch_norm,
                .timeout_seconds = recipe.lanes.timeout.seconds,
                .held = feeding.held,
                .held_bytes = recipe.budget.gpu_cache ? std::optional(recipe.budget.gpu_cache->bytes) : std::nullopt,
                .decoding = feeding.share,
                .rows_ahead = recipe.train.sparse_ahead,
                .budgets = machine.budgets};
  for (const TrainPhase& phase : plan.phases)
    plan.lanes.most_records = std::max(plan.lanes.most_records, static_cast<int64_t>(phase.train_run.batch));
  const io::TableFields* rows = train.table_fields();
  const bool counts_classes = rows == nullptr || rows->task == Task::kClasses;
  plan.lanes.learner = learner_config(recipe, counts_classes ? classes_for(recipe, train) : 1, threads, steps,
                                      static_cast<double>(steps) / static_cast<double>(plan.epochs), std::move(script));
  if (rows != nullptr) fit_to_table(plan.lanes.learner, recipe, *rows);
  require_table(plan.lanes.learner, train);
  if (val != nullptr) require_table(plan.lanes.learner, *val);
  learn::check(plan.lanes.learner);
  for (const TrainPhase& phase : plan.phases) {
    require_fields(phase.train, plan.lanes.learner, "train");
    if (val != nullptr) require_fields(phase.eval, plan.lanes.learner, "eval");
  }
  return plan;
}

}  // namespace penstock::train
