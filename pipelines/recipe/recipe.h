// A recipe as plain structs: what a TOML file, a built-in recipe or C++ code says about a graph and a job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/graph/graph_spec.h"
#include "engine/graph/params.h"
#include "engine/order/epoch_plan.h"
#include "engine/run/run.h"
#include "pipelines/recipe/trees_section.h"
#include "stages/learn/learner.h"
#include "stages/table/prepare/spec.h"
#include "stages/table/spec.h"
#include "stages/table/split.h"

namespace penstock::pipelines {

/// How records are set aside for validation.
enum class ValBy {
  kClass,   ///< the same share of each class
  kRecord,  ///< the share of all records
  kTime,    ///< tables: the rows of the last span of time
  kGroup,   ///< tables: the share of the groups, each whole
  kHash,    ///< tables: the share of all rows, by their values, so that rows that come later move none
};

/// [data] val: what to validate on where no --val is given.
struct ValSplit {
  double fraction = 0.1;  ///< of the records, in (0, 1); what a recipe writes as 0 is no ValSplit at all
  ValBy by = ValBy::kClass;
  std::optional<std::string> column;                ///< kTime, kGroup
  std::optional<std::string> last;                  ///< kTime: "42d"
  std::optional<std::vector<std::string>> columns;  ///< kHash
  static void describe(ParamTable<ValSplit>& t);
  bool is_for_tables() const { return by == ValBy::kTime || by == ValBy::kGroup || by == ValBy::kHash; }
  /// Of a table; by class or record is by row there. Throws Error kUsage where a key that it needs is missing.
  table::SplitSpec of_rows() const;
};

/// [data]: the order of the epoch.
struct DataSection {
  uint64_t batch = 64;  ///< records of a step over all lanes
  Order order = Order::kFull;
  Last last = Last::kDrop;      ///< training; evaluation always keeps
  uint64_t block = 0;           ///< records of a block, for order = "block"; 0: chosen from the data (see choose_block)
  uint64_t group_blocks = 8;    ///< blocks that are mixed with one another
  std::optional<ValSplit> val;  ///< nothing: no validation without --val
  static void describe(ParamTable<DataSection>& t);
};

/// [faults]: what a bad record does.
struct FaultsSection {
  OnFault train = OnFault::kReplace;
  OnFault eval = OnFault::kFail;  ///< never kReplace: evaluation counts every record once
  Share budget{0.001};            ///< of the records of an epoch; the run fails past it
  static void describe(ParamTable<FaultsSection>& t);
};

/// [budget] ssd.
struct SsdBudget {
  std::string path;
  ByteSize size;
  static void describe(ParamTable<SsdBudget>& t);
};

/// [budget]: hard limits; what is not set is measured and chosen by the job, and printed.
struct BudgetSection {
  std::optional<ByteSize> ram;
  std::optional<ByteSize> pinned;
  std::optional<ByteSize> gpu;
  std::optional<ByteSize> gpu_cache;  ///< of each device: pictures that stay decoded there (cache = "gpu")
  std::optional<ByteSize> window;     ///< of ram: what is read ahead
  std::optional<ByteSize> ram_cache;  ///< of ram: records kept from one epoch to the next
  std::optional<SsdBudget> ssd;
  static void describe(ParamTable<BudgetSection>& t);
};

/// [input]: done on the device and stored with the model. Of pixels in 0..1, one number for each channel.
struct InputSection {
  std::vector<double> mean = {0.485, 0.456, 0.406};
  std::vector<double> std = {0.229, 0.224, 0.225};
  static void describe(ParamTable<InputSection>& t);
};

/// [net].
struct NetSection {
  std::string arch = "resnet18";   ///< a name of nets::net_names(), or "torchscript"
  std::string script;              ///< the TorchScript file, for arch = "torchscript"
  std::optional<int64_t> classes;  ///< nothing: as many as the data has
  bool zero_init_residual = false;
  nets::NormKind norm = nets::NormKind::kBatch;
  // Of networks of rows; see nets::TableNetSpec.
  std::vector<int64_t> layers = {200, 100};
  std::vector<int64_t> bottom = {64, 32};
  std::vector<double> dropout;
  double embedding_dropout = 0;
  bool batch_norm = true;
  ValueMap embeddings;           ///< tabular: widths by column, {"Store", 10}
  std::optional<int64_t> width;  ///< dlrm, fm: of all embeddings
  std::vector<double> range;
  static void describe(ParamTable<NetSection>& t);
};

/// [train]. Times are in epochs, fractions allowed, so that they hold for any batch.
struct TrainSection {
  uint64_t epochs = 30;
  learn::OptimiserKind optimizer = learn::OptimiserKind::kAdamW;
  double lr = 3e-3;
  double momentum = 0.9;  ///< sgd; adamw: beta1
  bool nesterov = false;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;

  learn::ScheduleKind schedule = learn::ScheduleKind::kOneCycle;
  double warmup = 0;  ///< epochs; not for one-cycle
  double warmup_start = 0.01;
  double rise = 0.3;
  double start_divisor = 25;
  double final_divisor = 1e4;
  bool cycle_momentum = true;
  double momentum_low = 0.85;
  double momentum_high = 0.95;
  double min_lr = 0;
  double step_every = 30;  ///< epochs
  double gamma = 0.1;

  double label_smoothing = 0;
  double ema = 0;             ///< decay a step; 0: none
  int64_t sparse_rows = 0;    ///< embeddings of at least so many categories are trained row by row; 0: none
  uint64_t sparse_ahead = 2;  ///< batches whose rows are brought before their step
  metrics::RegressionLoss loss = metrics::RegressionLoss::kSquared;
  learn::Precision precision = learn::Precision::kBf16;  ///< f32 of networks of rows, where the recipe says nothing
  bool channels_last = true;
  bool cuda_graph = true;
  bool sync_batch_norm = false;
  uint64_t eval_every = 1;  ///< epochs
  static void describe(ParamTable<TrainSection>& t);
};

/// How often: "10min", "500steps" or "1epoch". Exactly one is above 0.
struct Every {
  Duration time{600};
  uint64_t steps = 0;
  uint64_t epochs = 0;
  bool operator==(const Every&) const = default;
};
/// Nothing when the text is none of the three.
std::optional<Every> parse_every(std::string_view text);
std::string exact_text(const Every& every);

/// [checkpoint].
struct CheckpointSection {
  Every every;
  uint64_t keep = 3;  ///< the last ones; the best one is kept besides
  static void describe(ParamTable<CheckpointSection>& t);
};

/// [lanes].
struct LanesSection {
  std::vector<std::string> devices = {"cpu"};  ///< "cpu", "cuda:0", "sim:0"
  std::optional<int> threads;                  ///< torch threads of a lane; nothing: chosen from the cores allowed
  ByteSize bucket{25000000};                   ///< of gradients summed in one call
  Duration timeout{1800};                      ///< that a process waits for the others
  static void describe(ParamTable<LanesSection>& t);
};

/// [[phase]]: `set` holds for epochs < until_epoch. Where several phases reach an epoch, the earlier has the last word.
struct Phase {
  uint64_t until_epoch = 1;
  ValueMap set;  ///< flat: {"stage.crop.size", 96}
  Where where = {};
  static void describe(ParamTable<Phase>& t);
};

/// The whole recipe. A plain value; equal recipes mean the same run (where a key was written does not count).
struct Recipe {
  uint64_t seed = 0;
  DataSection data;
  FaultsSection faults;
  BudgetSection budget;
  std::optional<table::PrepareSpec> prepare;  ///< [prepare]: what is made of a table's rows first
  std::vector<StageSpec> stages;
  std::optional<table::TableSpec> table;  ///< records are rows; nothing: pictures
  InputSection input;
  NetSection net;
  std::optional<TreesSection> trees;  ///< nothing: a network is trained
  TrainSection train;
  CheckpointSection checkpoint;
  LanesSection lanes;
  std::vector<Phase> phases;

  std::string name;  ///< the file or built-in it was loaded from; for people, not part of the recipe

  /// The stages as a graph, ready to bind for either mode.
  GraphSpec graph() const;

  static void describe(ParamTable<Recipe>& t);
  friend bool operator==(const Recipe& a, const Recipe& b);
};

/// A recipe's tree of values (sections as tables, stage and phase as arrays of tables), checked and read.
/// Throws Error kUsage naming file, line, key and the nearest right one.
Recipe recipe_from_map(const ValueMap& tree);
/// The other way; all defaults filled in. recipe_from_map(recipe_to_map(r)) == r.
ValueMap recipe_to_map(const Recipe& recipe);

}  // namespace penstock::pipelines

namespace penstock {

template <>
struct ParamCodec<pipelines::Every> {
  static std::string one() { return "an interval such as \"10min\", \"500steps\" or \"1epoch\""; }
  static std::string many() { return "intervals"; }
  static pipelines::Every read(const Value& value, const ParamRules& rules, const ParamSite& site);
  static std::optional<Value> write(const pipelines::Every& every, const ParamRules& rules);
};

/// A [[stage]] table: name, id, when, inputs, outputs, draw; every other key is a parameter of the stage.
template <>
struct ParamCodec<StageSpec> {
  static std::string one() { return "a table"; }
  static std::string many() { return "tables"; }
  static StageSpec read(const Value& value, const ParamRules& rules, const ParamSite& site);
  static std::optional<Value> write(const StageSpec& stage, const ParamRules& rules);
};

}  // namespace penstock
