#include "pipelines/train/train_job.h"

#include <memory>
#include <numeric>
#include <utility>

#include "engine/base/error.h"
#include "engine/device/devices.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "pipelines/job/job.h"
#include "pipelines/job/subset.h"
#include "pipelines/recipe/changes.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/plan_from_recipe.h"
#include "pipelines/train/run_json.h"
#include "stages/learn/allocation.h"
#include "stages/learn/checkpoint_store.h"

namespace penstock::train {
namespace {

using pipelines::Recipe;

std::vector<std::byte> read_script(io::FileSystem& fs, const Recipe& recipe) {
  if (recipe.net.arch != "torchscript") return {};
  const std::string text = io::read_file(fs, recipe.net.script);
  const auto bytes = io::bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

/// Refuses to go on with a checkpoint of other data or of a recipe that would have learnt something else.
void require_same_run(const Position& stored, const Position& now, const Recipe& recipe, const std::string& run) {
  const auto other = [&](const char* what, const std::string& was, const std::string& is) {
    return Error(Code::kUsage, "the run '" + run + "' was " + what + " the data " + was + ", this is " + is)
        .hint("give the data that it was started with, or start a new run: another --out");
  };
  if (stored.data != now.data) throw other("trained on", stored.data, now.data);
  if (stored.val != now.val)
    throw other("validated on", stored.val.empty() ? "of none" : stored.val, now.val.empty() ? "none" : now.val);
  // After the data: what fits the data, as data.block, differs with it.
  const Recipe before = pipelines::parse_recipe(stored.recipe, "the recipe of '" + run + "'");
  pipelines::require_resumable(before, recipe, stored.epoch, run);
}

/// One call of train(): what lives as long as it.
class Job {
 public:
  Job(TrainOptions options, const io::Dataset& data, const io::Dataset* val)
      : options_(std::move(options)),
        data_(data),
        val_(val),
        fs_(options_.fs != nullptr ? *options_.fs : io::FileSystem::real()),
        clock_(options_.clock != nullptr ? *options_.clock : Clock::system()),
        progress_(options_.progress != nullptr ? *options_.progress : none_) {
    learn::keep_freed_memory();  // before the threads below are made
    options_.recipe = fitted(pipelines::resolve_stages(std::move(options_.recipe), all_stages()), data_);
    machine_ = machine_for(options_.recipe, options_.threads);
    plan_ =
        make_train_plan(options_.recipe, data_, val_, machine_, options_.threads, read_script(fs_, options_.recipe));
    storage_.emplace(data_, storage_options(options_.recipe, plan_.epochs));
    io::StorageOptions val_storage;
    val_storage.ram_bytes = 0;  // kept nowhere: the training's records have more of it
    if (val_ != nullptr) val_storage_.emplace(*val_, val_storage);
    open_device(plan_.device, clock_);  // says why it is not there before a folder is made
  }

  TrainResult run() {
    RunDirectory directory = RunDirectory::open(fs_, options_.run, options_.resume);
    const bool is_new = directory.is_new();
    const RunPaths paths(directory.path());
    learn::CheckpointStore checkpoints(fs_, paths.checkpoints(), plan_.checkpoint.keep,
                                       [this](const std::string& line) { progress_.say("warning: " + line); });
    Position position;
    position.torch_threads = plan_.learner.threads;
    position.data = data_digest(data_);
    position.val = val_ != nullptr ? data_digest(*val_) : "";
    position.recipe = pipelines::to_toml(options_.recipe);
    position.classes = data_.class_names();

    TrainResult result;
    const std::unique_ptr<Lane> lane = start(checkpoints, directory, position, result);
    try {
      keep_order(paths.order());
      RunLogs logs(fs_, paths);
      logs.cut_back(position.logs);
      Trainer trainer(plan_, *storage_, val_ != nullptr ? &*val_storage_ : nullptr, *lane, logs,
                      {.stop = options_.stop,
                       .time_limit_seconds = options_.time_limit_seconds,
                       .progress = &progress_,
                       .trace = options_.trace,
                       .clock = &clock_,
                       .checkpoints = &checkpoints});
      result.end = trainer.run(position);
      storage_->flush();
      for (const std::string& note : storage_->notes()) progress_.say("note: " + note);
    } catch (const Error&) {
      if (is_new && position.steps == 0) directory.forget();  // nothing was learnt: the next try is a first one
      throw;
    }
    describe(result, position, *lane);
    io::write_file(fs_, paths.report(), result.to_json() + "\n");
    return result;
  }

 private:
  /// What turns the plan's places into ids, for the proof that each record was seen once: the data set need not be there then.
  void keep_order(const std::string& path) {
    if (fs_.exists(path)) return;
    std::vector<uint64_t> ids(std::min<uint64_t>(data_.size(), 65536));
    std::unique_ptr<io::AtomicFile> file;  // once an id is not at its own place
    for (uint64_t first = 0; first < data_.size(); first += ids.size()) {
      ids.resize(std::min<uint64_t>(ids.size(), data_.size() - first));
      std::iota(ids.begin(), ids.end(), first);
      data_.ids_at(ids);
      for (uint64_t i = 0; i < ids.size() && !file; ++i) {
        if (ids[i] == first + i) continue;
        fs_.make_folders(io::parent_of(path));
        file = std::make_unique<io::AtomicFile>(fs_, path);
        for (uint64_t before = 0; before < first; ++before) file->write(std::as_bytes(std::span(&before, 1)));
      }
      if (file) file->write(std::as_bytes(std::span(ids)));
    }
    if (file) file->commit();
  }

  /// The lane at the newest checkpoint, or fresh; writes recipe.toml and run.json.
  std::unique_ptr<Lane> start(const learn::CheckpointStore& checkpoints, RunDirectory& directory, Position& position,
                              TrainResult& result) {
    std::optional<learn::Checkpoint> newest;
    if (!directory.is_new()) newest = checkpoints.load_newest();
    if (!newest) {
      if (!directory.is_new())
        progress_.say("'" + directory.path() + "' holds no checkpoint yet: it begins again at step 0");
      auto lane = std::make_unique<Lane>(plan_.device, plan_.learner, clock_);
      directory.begin(position.recipe, describe_run());
      return lane;
    }
    Position stored = Position::from_json(newest->metadata, newest->path);
    require_same_run(stored, position, options_.recipe, directory.path());
    auto lane = std::make_unique<Lane>(plan_.device, plan_.learner, clock_);
    lane->learner().load(newest->state, newest->path);
    if (stored.torch_threads != 0 && stored.torch_threads != position.torch_threads)
      progress_.say(
          "warning: until here this run used " + std::to_string(stored.torch_threads) + " torch threads, now it uses " +
          std::to_string(position.torch_threads) +
          ": its weights will not be equal to the bit to those of a run with one number; set lanes.threads = " +
          std::to_string(stored.torch_threads) + " to keep them so");
    stored.torch_threads = position.torch_threads;
    stored.recipe = position.recipe;  // with what was allowed to change
    position = std::move(stored);
    result.resumed_from_step = position.steps;
    if (position.epoch < plan_.epochs)
      progress_.say("going on with '" + directory.path() + "' at epoch " + std::to_string(position.epoch + 1) +
                    ", step " + std::to_string(position.step) + " (step " + std::to_string(position.steps) +
                    " of all)");
    else
      progress_.say("'" + directory.path() + "' is finished: " + std::to_string(position.epoch) + " epochs");
    directory.begin(position.recipe, describe_run());
    return lane;
  }

  std::string describe_run() const {
    return run_json(options_.recipe, data_, val_, options_.threads, plan_.learner.threads);
  }

  void describe(TrainResult& result, const Position& position, Lane& lane) const {
    result.epochs = position.epoch;
    result.steps = position.steps;
    result.totals = position.totals;
    result.last = position.last;
    result.best = position.best;
    result.best_epoch = position.best_epoch;
    result.has_val = val_ != nullptr;
    result.weights_xxh3 = io::hex(io::checksum(lane.learner().weights_bytes()));
    result.run = options_.run;
    result.device = lane.device();
    result.device_utilisation = lane.utilisation(position.totals.step_seconds + position.totals.data_wait_seconds);
  }

  TrainOptions options_;
  const io::Dataset& data_;
  const io::Dataset* val_;
  io::FileSystem& fs_;
  Clock& clock_;
  NoProgress none_;
  ProgressSink& progress_;
  Machine machine_;
  TrainPlan plan_;
  std::optional<io::Storage> storage_;
  std::optional<io::Storage> val_storage_;
};

}  // namespace

TrainResult train(TrainOptions options, const io::Dataset& data, const io::Dataset* val) {
  return Job(std::move(options), data, val).run();
}

}  // namespace penstock::train
