#include "pipelines/trees/trees_job.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/data/table_fields.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "models/classic/trees/grow.h"
#include "pipelines/job/job.h"
#include "pipelines/job/subset.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/peak_memory.h"
#include "pipelines/train/run_json.h"
#include "pipelines/train/same_run.h"
#include "pipelines/trees/importances.h"
#include "pipelines/trees/scores.h"
#include "pipelines/trees/table_rows.h"
#include "pipelines/trees/trees_logs.h"
#include "pipelines/trees/trees_position.h"
#include "pipelines/trees/trees_setup.h"
#include "pipelines/trees/use_trees.h"
#include "stages/learn/checkpoint_store.h"

namespace penstock::trees {
namespace {

using pipelines::Recipe;
using pipelines::TreeMemory;

// Of the RAM that a job may use, what binned rows may take: batches, XGBoost's histograms and the program come besides.
constexpr double kBinsShare = 0.6;
// Room that a time limit leaves for the round under way and the last checkpoint, as a multiple of the slowest round so far.
constexpr double kRoundMargin = 2;

/// One call of train_trees(): what lives as long as it.
class Job {
 public:
  Job(TreesOptions options, const io::Dataset& data, const io::Dataset* val)
      : options_(std::move(options)),
        data_(data),
        val_(val),
        fs_(options_.fs != nullptr ? *options_.fs : io::FileSystem::real()),
        clock_(options_.clock != nullptr ? *options_.clock : Clock::system()),
        progress_(options_.progress != nullptr ? *options_.progress : none_),
        began_(clock_.now_seconds()) {
    options_.recipe = fitted(pipelines::resolve_stages(std::move(options_.recipe), all_stages()), data_);
    TreesSetup setup = trees_setup(options_.recipe, data_, val_, options_.threads);
    features_ = std::move(setup.features);
    config_ = std::move(setup.config);
    add_loss();
    plan_memory();
  }

  TreesResult run() {
    auto directory = train::RunDirectory::open(fs_, options_.run, options_.resume);
    const bool is_new = directory.is_new();
    const train::RunPaths paths(directory.path());
    learn::CheckpointStore checkpoints(fs_, paths.checkpoints(), options_.recipe.checkpoint.keep,
                                       [this](const std::string& line) { progress_.say("warning: " + line); });
    TreesResult result;
    classic::Booster booster = start(directory, checkpoints, result);
    const std::string cache = io::join_path(directory.path(), "cache");
    fs_.remove_all(cache);  // of a killed run
    try {
      TreesLogs logs(fs_, paths, position_.metrics_bytes);
      if (on_disk_) fs_.make_folders(cache);
      result.end = grow(booster, checkpoints, logs, cache, result);
    } catch (const Error&) {
      fs_.remove_all(cache);
      if (is_new && position_.state.rounds == 0) directory.forget();
      throw;
    }
    fs_.remove_all(cache);
    finish(booster, checkpoints, directory.path(), result);
    result.peak_rss_bytes = train::peak_rss_bytes(fs_, paths);
    io::write_file(fs_, paths.report(), result.to_json() + "\n");
    return result;
  }

 private:
  /// The loss is measured whatever else is.
  void add_loss() {
    loss_metric_ = config_.task == classic::TreesTask::kRegression ? "rmse"
                   : config_.task == classic::TreesTask::kBinary   ? "logloss"
                                                                   : "mlogloss";
    config_.metrics = metrics_of(config_);
    if (learns_shares(config_)) return;  // XGBoost measures no log loss of them
    if (std::find(config_.metrics.begin(), config_.metrics.end(), loss_metric_) == config_.metrics.end())
      config_.metrics.push_back(loss_metric_);
  }

  void plan_memory() {
    const pipelines::TreesSection& section = *options_.recipe.trees;
    JobMemory memory = choose_memory(options_.recipe);
    const uint64_t ram = memory.limits[Tier::kRam];
    const uint64_t bins =
        classic::matrix_ram_bytes(data_.size() + (val_ != nullptr ? val_->size() : 0), features_.size(), config_);
    const auto room = static_cast<uint64_t>(static_cast<double>(ram) * kBinsShare);
    on_disk_ = section.memory == TreeMemory::kDisk || (section.memory == TreeMemory::kAuto && ram > 0 && bins > room);
    if (section.memory == TreeMemory::kRam && ram > 0 && bins > room)
      throw Error(Code::kMemory, "the rows take about " + bytes_text(bins) + " as bins, and of budget.ram = " +
                                     bytes_text(ram) + " they may take " + bytes_text(room))
          .hint("raise budget.ram, or say trees.memory = \"disk\"");
    if (!on_disk_ && ram > 0) memory.limits[Tier::kRam] = ram - std::min(bins, room);
    budgets_ = std::make_shared<Budgets>(memory.limits);
    cores_ = std::make_shared<Cores>(options_.threads);  // rows are read while nothing grows
    progress_.say("note: rows lie as bins " + std::string(on_disk_ ? "on disk" : "in memory") + " (about " +
                  bytes_text(bins) + " in memory); " + memory.text);
  }

  RunOptions pass_options(const io::Dataset& data, Mode mode) const {
    RunOptions run = run_options(options_.recipe, mode, data.size());
    run.cores = cores_;
    run.budgets = budgets_;
    run.clock = &clock_;
    run.trace = options_.trace;
    run.batch = block_rows(options_.recipe.trees->block, features_.size(), data.size(), budgets_->limit(Tier::kRam));
    return run;
  }

  /// The trees of the newest checkpoint, or none yet; writes recipe.toml and run.json.
  classic::Booster start(train::RunDirectory& directory, const learn::CheckpointStore& checkpoints,
                         TreesResult& result) {
    position_.threads = config_.threads;
    position_.on_disk = on_disk_;
    position_.data = data_digest(data_);
    position_.val = val_ != nullptr ? data_digest(*val_) : "";
    position_.recipe = pipelines::to_toml(options_.recipe);
    position_.classes = data_.class_names();
    std::optional<learn::Checkpoint> newest;
    if (!directory.is_new()) newest = checkpoints.load_newest();
    if (!newest && !directory.is_new())
      progress_.say("'" + directory.path() + "' holds no checkpoint yet: it begins again at round 1");
    const auto described =
        train::run_json(options_.recipe, data_, val_, options_.threads, static_cast<int>(config_.threads));
    if (!newest) {
      directory.begin(position_.recipe, described, options_.fitted);
      return classic::Booster(config_, {.task = config_.task, .features = features_, .classes = data_.class_names()});
    }
    TreesPosition stored = TreesPosition::from_json(newest->metadata, newest->path);
    require_same_run(stored, directory.path());
    classic::Booster booster = classic::Booster::load(newest->state, newest->path, config_.threads);
    booster.configure(config_);
    stored.threads = position_.threads;
    stored.on_disk = position_.on_disk;
    stored.recipe = position_.recipe;
    position_ = std::move(stored);
    seconds_before_ = position_.seconds;
    result.resumed_from_round = position_.state.rounds;
    progress_.say("going on with '" + directory.path() + "' after round " + std::to_string(position_.state.rounds));
    directory.begin(position_.recipe, described, options_.fitted);
    return booster;
  }

  void require_same_run(const TreesPosition& stored, const std::string& run) {
    const auto learnt_from = [](const TreesPosition& at) {
      return train::LearntFrom{.data = at.data, .val = at.val, .recipe = at.recipe};
    };
    train::require_same_run(learnt_from(stored), learnt_from(position_), options_.recipe, 0, run);
    if (stored.threads != config_.threads || stored.on_disk != on_disk_)
      progress_.say("warning: until here this run grew on " + std::to_string(stored.threads) + " threads with rows " +
                    (stored.on_disk ? "on disk" : "in memory") + ", now on " + std::to_string(config_.threads) +
                    " with rows " + (on_disk_ ? "on disk" : "in memory") +
                    ": its trees will not be equal to the bit to those of a run with one way; set lanes.threads and "
                    "trees.memory to keep them so");
  }

  TreesEnd grow(classic::Booster& booster, learn::CheckpointStore& checkpoints, TreesLogs& logs,
                const std::string& cache, TreesResult& result) {
    result.records = data_.size();
    const uint64_t first = position_.state.rounds;
    if (first >= rounds_of(config_)) return TreesEnd::kFinished;
    if (is_over(position_.state, config_)) return TreesEnd::kEarly;
    const Graph graph = bind_graph(options_.recipe, data_, Mode::kTrain);
    TableRows rows(graph, data_, pass_options(data_, Mode::kTrain), options_.stop);
    const double cutting_began = clock_.now_seconds();
    progress_.begin("cutting rows into bins", 0, "rows");
    const auto place = [&](const char* name) {
      return classic::MatrixPlace{on_disk_ ? io::join_path(cache, name) : ""};
    };
    const classic::TreeMatrix train(rows, features_, config_, place("train"));
    rows.reset();
    if (first == 0) logs.refused(rows.rejections(), data_);
    say_left_out(progress_, rows.rejections(), data_, train::RunPaths(options_.run).quarantine());
    result.records = train.rows();
    result.rejected = rows.rejections().size();
    result.passes = rows.passes();
    position_.data_wait_seconds += rows.waited_seconds();
    std::unique_ptr<classic::TreeMatrix> val;
    if (val_ != nullptr) {
      const Graph eval = bind_graph(options_.recipe, *val_, Mode::kEval);
      TableRows val_rows(eval, *val_, pass_options(*val_, Mode::kEval), options_.stop);
      val = std::make_unique<classic::TreeMatrix>(val_rows, features_, config_, place("val"), &train);
      position_.data_wait_seconds += val_rows.waited_seconds();
      say_left_out(progress_, val_rows.rejections(), *val_);
    }
    progress_.end();
    position_.bins_seconds += clock_.now_seconds() - cutting_began;
    progress_.begin("growing", rounds_of(config_), "rounds", first);
    std::optional<TreesEnd> ends;
    double round_began = clock_.now_seconds(), slowest = 0, saved_at = round_began;
    uint64_t saved = first;
    const auto save = [&] {
      position_.seconds = seconds_before_ + clock_.now_seconds() - began_;
      position_.metrics_bytes = logs.sync();
      checkpoints.save(position_.state.rounds, position_.to_json(), booster.save());
      saved = position_.state.rounds;
      saved_at = clock_.now_seconds();
    };
    const classic::GrowEnd end =
        classic::grow(booster, train, val.get(), config_, position_.state, [&](const classic::GrowState& state) {
          const double now = clock_.now_seconds();
          position_.grow_seconds += now - round_began;
          slowest = std::max(slowest, now - round_began);
          logs.round(state, now - round_began);
          progress_.update(state.rounds, words_of(state));
          if (options_.stop.stop_requested()) ends = TreesEnd::kStopped;
          if (options_.time_limit_seconds > 0 &&
              now - began_ + std::min(kRoundMargin * slowest, options_.time_limit_seconds / 2) >=
                  options_.time_limit_seconds)
            ends = ends.value_or(TreesEnd::kTimeUp);
          const pipelines::Every& every = options_.recipe.checkpoint.every;
          const uint64_t rounds = std::max(every.steps, every.epochs);
          if (ends || (rounds > 0 ? state.rounds - saved >= rounds : now - saved_at >= every.time.seconds)) save();
          round_began = clock_.now_seconds();
          return !ends;
        });
    if (saved < position_.state.rounds) save();
    progress_.end();
    return ends.value_or(end == classic::GrowEnd::kEarly ? TreesEnd::kEarly : TreesEnd::kFinished);
  }

  std::string words_of(const classic::GrowState& state) const {
    std::string words = "round " + std::to_string(state.rounds);
    for (const classic::Measured& one : state.last) {
      char text[96];
      std::snprintf(text, sizeof text, ", %s %s %.5g", one.set.c_str(), one.metric.c_str(), one.value);
      words += text;
    }
    return words;
  }

  /// The model: the rounds up to the best one where early stopping looked for it, else all.
  void finish(const classic::Booster& grown, learn::CheckpointStore& checkpoints, const std::string& run,
              TreesResult& result) {
    const uint64_t rounds = config_.early_stopping_rounds > 0 ? position_.state.best_round : position_.state.rounds;
    const classic::Booster model = grown.first(rounds);
    const std::vector<std::byte> bytes = model.save();
    checkpoints.save_best(rounds, position_.to_json(), bytes);
    write_importances(fs_, run, model.importances());
    if (val_ != nullptr && result.end != TreesEnd::kStopped) {
      metrics::TaskSums sums(val_->table_fields()->task, val_->table_fields()->transform);
      std::vector<float> targets;
      RunOptions pass = run_options(options_.recipe, Mode::kEval, val_->size());
      pass.cores = cores_, pass.budgets = budgets_, pass.clock = &clock_;
      predict_all(model, options_.recipe, *val_, pass, {}, [&](const Batch& batch, std::span<const float> values) {
        put_targets(batch, targets);
        add_predictions(sums, values, targets);
      });
      result.val = scores_of(sums);
    }
    const auto& measured = config_.early_stopping_rounds > 0 ? position_.state.at_best : position_.state.last;
    for (const classic::Measured& one : measured)
      if (one.set == "train" && one.metric == loss_metric_)
        result.train_loss = config_.task == classic::TreesTask::kRegression ? one.value * one.value : one.value;
    result.is_forest = config_.kind == classic::TreesKind::kForest;
    result.rounds = position_.state.rounds;
    result.best_round = rounds;
    result.grow_seconds = position_.grow_seconds;
    result.bins_seconds = position_.bins_seconds;
    result.data_wait_seconds = position_.data_wait_seconds;
    result.seconds = seconds_before_ + clock_.now_seconds() - began_;
    result.model_bytes = bytes.size();
    result.weights_xxh3 = io::hex(io::checksum(std::span<const std::byte>(bytes)));
    result.memory = on_disk_ ? "disk" : "ram";
    result.run = run;
    result.device = config_.device;
  }

  TreesOptions options_;
  const io::Dataset& data_;
  const io::Dataset* val_;
  io::FileSystem& fs_;
  Clock& clock_;
  NoProgress none_;
  ProgressSink& progress_;
  double began_;
  double seconds_before_ = 0;
  classic::TreeFeatures features_;
  classic::TreesConfig config_;
  std::string loss_metric_;
  bool on_disk_ = false;
  std::shared_ptr<Budgets> budgets_;
  std::shared_ptr<Cores> cores_;
  TreesPosition position_;
};

}  // namespace

TreesResult train_trees(TreesOptions options, const io::Dataset& data, const io::Dataset* val) {
  return Job(std::move(options), data, val).run();
}

}  // namespace penstock::trees
