// Every key of a recipe, with its meaning and what is allowed. These lines are the reference of INTERFACE's recipe.
#include "engine/base/error.h"
#include "pipelines/recipe/recipe.h"

namespace penstock::pipelines {

void ValSplit::describe(ParamTable<ValSplit>& t) {
  t.add("fraction", &ValSplit::fraction, "share of the records set aside for validation; 0: none, all are trained on",
        in_range(0, 0.999999));
  t.add("by", &ValSplit::by,
        "class: the same share of each class; record: of all records; of tables, time: the last rows, group: whole "
        "groups, hash: by the values of columns",
        one_of<ValBy>({{"class", ValBy::kClass},
                       {"record", ValBy::kRecord},
                       {"time", ValBy::kTime},
                       {"group", ValBy::kGroup},
                       {"hash", ValBy::kHash}}));
  t.add("column", &ValSplit::column, "by time: a date, time or int; by group: the group");
  t.add("last", &ValSplit::last, "by time: the span at the end, \"42d\", or a number in the units of an int");
  t.add("columns", &ValSplit::columns, "by hash: columns that tell rows apart");
}

table::SplitSpec ValSplit::of_rows() const {
  if (!is_for_tables()) return {.by = table::SplitBy::kRow, .columns = {}, .last = {}, .fraction = fraction};
  const bool by_hash = by == ValBy::kHash;
  if (by_hash ? !columns || columns->empty() : !column || column->empty())
    throw Error(Code::kUsage, std::string("data.val wants a key '") + (by_hash ? "columns'" : "column'"))
        .hint(
            "val = { by = \"time\", column = \"Date\", last = \"42d\" }, { by = \"group\", column = \"Store\" } or "
            "{ by = \"hash\", columns = [\"Store\", \"Date\"] }");
  return {.by = by == ValBy::kTime    ? table::SplitBy::kTime
                : by == ValBy::kGroup ? table::SplitBy::kGroup
                                      : table::SplitBy::kHash,
          .columns = by_hash ? *columns : std::vector<std::string>{*column},
          .last = last.value_or(""),
          .fraction = fraction};
}

void DataSection::describe(ParamTable<DataSection>& t) {
  t.add("batch", &DataSection::batch, "records of a step, over all lanes", in_range(1, 1 << 24));
  t.add("order", &DataSection::order, "order of an epoch; block: long reads for hard disks",
        one_of<Order>({{"sequential", Order::kSequential}, {"block", Order::kBlock}, {"full", Order::kFull}}));
  t.add("last", &DataSection::last, "the records that fill no whole batch, in training; evaluation keeps them",
        one_of<Last>({{"drop", Last::kDrop}, {"keep", Last::kKeep}, {"wrap", Last::kWrap}}));
  t.add("block", &DataSection::block,
        "order = \"block\": records of a block; 0: as many as a usual hard disk reads at 97 % of its rate (75 MB)");
  t.add("group_blocks", &DataSection::group_blocks, "order = \"block\": blocks that are mixed with one another",
        at_least(1));
  t.add("val", &DataSection::val, "what to validate on where no --val is given");
}

void FaultsSection::describe(ParamTable<FaultsSection>& t) {
  t.add("train", &FaultsSection::train, "a bad record while training",
        one_of<OnFault>({{"replace", OnFault::kReplace}, {"skip", OnFault::kSkip}, {"fail", OnFault::kFail}}));
  t.add("eval", &FaultsSection::eval,
        "a bad record among those that a training validates on, and in evaluate: the first one ends it with fail; skip "
        "leaves it out and counts it (--set faults.eval=skip); nothing is replaced there",
        one_of<OnFault>({{"skip", OnFault::kSkip}, {"fail", OnFault::kFail}}));
  t.add("budget", &FaultsSection::budget, "bad records of an epoch, as a share; the run fails past it");
}

void SsdBudget::describe(ParamTable<SsdBudget>& t) {
  t.add("path", &SsdBudget::path, "folder of the cache", required(), not_empty());
  t.add("size", &SsdBudget::size, "what it may hold", required(), at_least(1));
}

void BudgetSection::describe(ParamTable<BudgetSection>& t) {
  t.add("ram", &BudgetSection::ram, "memory for batches in flight and the cache", at_least(1));
  t.add("window", &BudgetSection::window, "of ram: records read ahead; by default two block groups, or 64 MiB",
        at_least(1));
  t.add("ram_cache", &BudgetSection::ram_cache,
        "of ram: records kept from epoch to epoch; by default half of what is left (0B: none)");
  t.add("pinned", &BudgetSection::pinned, "memory that the GPU copies from", at_least(1));
  t.add("gpu", &BudgetSection::gpu, "memory of each GPU beside the network's: batches, pictures that are held",
        at_least(1));
  t.add("gpu_cache", &BudgetSection::gpu_cache,
        "memory of each device for pictures that stay decoded there, with cache = \"gpu\" on a stage; without it, half "
        "of "
        "what is free",
        at_least(1));
  t.add("ssd", &BudgetSection::ssd, "a cache on a fast disk");
}

void InputSection::describe(ParamTable<InputSection>& t) {
  t.add("mean", &InputSection::mean, "of pixels in 0..1, one for each channel", not_empty());
  t.add("std", &InputSection::std, "of pixels in 0..1, one for each channel", above(0), not_empty());
}

void NetSection::describe(ParamTable<NetSection>& t) {
  t.add("arch", &NetSection::arch,
        "the network: resnet18, resnet34, resnet50, or torchscript for your own; of rows: tabular, dlrm, fm",
        not_empty());
  t.add("script", &NetSection::script, "arch = \"torchscript\": the file");
  t.add("classes", &NetSection::classes, "width of the output; by default as many as the data has", at_least(1));
  t.add("zero_init_residual", &NetSection::zero_init_residual, "the last norm of each block starts at 0");
  t.add("norm", &NetSection::norm, "resnets: batch norm, or group norm, which needs no statistics over lanes",
        one_of<nets::NormKind>({{"batch", nets::NormKind::kBatch}, {"group", nets::NormKind::kGroup}}));
  t.add("layers", &NetSection::layers, "tabular, dlrm: widths of the hidden layers", at_least(1));
  t.add("bottom", &NetSection::bottom, "dlrm: hidden layers that the numbers go through", at_least(1));
  t.add("dropout", &NetSection::dropout, "tabular, dlrm: after each of the layers; one for all will do",
        in_range(0, 0.99));
  t.add("embedding_dropout", &NetSection::embedding_dropout, "tabular: of the values of embeddings", in_range(0, 0.99));
  t.add("batch_norm", &NetSection::batch_norm, "tabular: of the numbers, and after each layer");
  t.add("embeddings", &NetSection::embeddings,
        "tabular: widths by column, { Store = 10 }; by default min(600, round(1.6 n^0.56)) of n categories");
  t.add("width", &NetSection::width, "dlrm, fm: of all embeddings; by default 16", in_range(1, 65536));
  t.add("range", &NetSection::range, "regression: the prediction lies between these two, in the target's own units");
}

void TrainSection::describe(ParamTable<TrainSection>& t) {
  using learn::OptimiserKind;
  using learn::Precision;
  using learn::ScheduleKind;
  using T = TrainSection;
  t.add("epochs", &T::epochs, "epochs of the whole training", at_least(1));
  t.add("optimizer", &T::optimizer, "the optimiser",
        one_of<OptimiserKind>({{"sgd", OptimiserKind::kSgd}, {"adamw", OptimiserKind::kAdamW}}));
  t.add("lr", &T::lr, "the highest learning rate", above(0));
  t.add("momentum", &T::momentum, "sgd; for adamw it is beta1", in_range(0, 0.9999));
  t.add("nesterov", &T::nesterov, "sgd with Nesterov's momentum");
  t.add("beta2", &T::beta2, "adamw", in_range(0, 0.999999));
  t.add("epsilon", &T::epsilon, "adamw", above(0));
  t.add("weight_decay", &T::weight_decay, "on weights; norms and biases are spared", in_range(0, 1));
  t.add("schedule", &T::schedule, "how the learning rate runs",
        one_of<ScheduleKind>({{"constant", ScheduleKind::kConstant},
                              {"one-cycle", ScheduleKind::kOneCycle},
                              {"cosine", ScheduleKind::kCosine},
                              {"step", ScheduleKind::kStep}}));
  t.add("warmup", &T::warmup, "epochs from warmup_start * lr up to lr; not for one-cycle", at_least(0));
  t.add("warmup_start", &T::warmup_start, "where the warm-up begins, of lr", in_range(0, 1));
  t.add("rise", &T::rise, "one-cycle: share of the steps that go up", above_up_to(0, 1));
  t.add("start_divisor", &T::start_divisor, "one-cycle: begins at lr / start_divisor", at_least(1));
  t.add("final_divisor", &T::final_divisor, "one-cycle: ends at lr / start_divisor / final_divisor", at_least(1));
  t.add("cycle_momentum", &T::cycle_momentum, "one-cycle: momentum runs opposite to the rate");
  t.add("momentum_low", &T::momentum_low, "one-cycle: momentum at the highest rate", in_range(0, 0.9999));
  t.add("momentum_high", &T::momentum_high, "one-cycle: momentum at both ends", in_range(0, 0.9999));
  t.add("min_lr", &T::min_lr, "cosine: where it ends", at_least(0));
  t.add("step_every", &T::step_every, "step: epochs between two drops", above(0));
  t.add("gamma", &T::gamma, "step: what each drop multiplies by", above_up_to(0, 1));
  t.add("label_smoothing", &T::label_smoothing, "share of the label spread over all classes", in_range(0, 0.99));
  t.add("ema", &T::ema, "decay a step of the averaged weights that evaluation uses; 0: none", in_range(0, 0.999999));
  t.add(
      "sparse_rows", &T::sparse_rows,
      "embeddings of at least so many categories stay in RAM, and a step looks at the rows of its batch alone; 0: none",
      at_least(0));
  t.add("sparse_ahead", &T::sparse_ahead,
        "batches whose rows of such embeddings are brought before their step; decides no bits", in_range(0, 16));
  t.add("loss", &T::loss, "regression: of the transformed target",
        one_of<metrics::RegressionLoss>({{"squared", metrics::RegressionLoss::kSquared},
                                         {"absolute", metrics::RegressionLoss::kAbsolute},
                                         {"huber", metrics::RegressionLoss::kHuber}}));
  t.add("precision", &T::precision,
        "bf16: autocast, where it is safe; weights and sums stay f32; networks of rows are computed in f32 where "
        "nothing is said",
        one_of<Precision>({{"bf16", Precision::kBf16}, {"f32", Precision::kF32}}));
  t.add("channels_last", &T::channels_last, "memory layout (N, H, W, C), which convolutions like");
  t.add("cuda_graph", &T::cuda_graph, "on a GPU: forward and backward recorded once, where batches keep their shape");
  t.add("sync_batch_norm", &T::sync_batch_norm, "batch norms count over the records of all lanes");
  t.add("eval_every", &T::eval_every, "epochs between two evaluations; the last epoch always has one", at_least(1));
}

void CheckpointSection::describe(ParamTable<CheckpointSection>& t) {
  t.add("every", &CheckpointSection::every, "\"10min\", \"500steps\" or \"1epoch\"; one at the end comes besides");
  t.add("keep", &CheckpointSection::keep, "how many of the last; the best one is kept besides", at_least(1));
}

void LanesSection::describe(ParamTable<LanesSection>& t) {
  t.add("devices", &LanesSection::devices, "\"cpu\", \"cuda:0\", ... or \"sim:0\", a simulated GPU", not_empty());
  t.add("threads", &LanesSection::threads, "torch threads of a lane; by default from the cores allowed",
        in_range(1, 1024));
  t.add("bucket", &LanesSection::bucket, "gradients that several lanes sum in one call, while backward goes on");
  t.add("timeout", &LanesSection::timeout, "how long a process waits for the others before the job is given up");
}

void Phase::describe(ParamTable<Phase>& t) {
  t.add("until_epoch", &Phase::until_epoch, "the settings hold for the epochs before this one", required(),
        at_least(1));
  t.add("set", &Phase::set, "{ \"stage.crop.size\" = 96, \"data.batch\" = 128 }", required(), not_empty());
}

void Recipe::describe(ParamTable<Recipe>& t) {
  t.add("seed", &Recipe::seed, "of the order, the draws and the first weights");
  t.add("data", &Recipe::data, "the order of the epoch");
  t.add("faults", &Recipe::faults, "what a bad record does");
  t.add("budget", &Recipe::budget, "hard limits; what is absent is measured and chosen, and printed");
  t.add("prepare", &Recipe::prepare, "what is made of a table's rows before they are encoded");
  t.add("stage", &Recipe::stages, "what is done to data on its way; see `penstock stages`");
  t.add("table", &Recipe::table, "records are rows: which columns are what, and what is predicted");
  t.add("input", &Recipe::input, "normalisation, done on the device and stored with the model");
  t.add("net", &Recipe::net, "the network");
  t.add("trees", &Recipe::trees, "boosted trees or a forest in the place of a network");
  t.add("train", &Recipe::train, "optimiser, schedule, loss");
  t.add("checkpoint", &Recipe::checkpoint, "how often the run is saved");
  t.add("lanes", &Recipe::lanes, "devices that compute");
  t.add("phase", &Recipe::phases, "what holds until an epoch, such as smaller pictures");
}

}  // namespace penstock::pipelines
