#include "pipelines/train/train_job.h"

#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "engine/device/devices.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "pipelines/job/job.h"
#include "pipelines/job/subset.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/peak_memory.h"
#include "pipelines/train/plan_from_recipe.h"
#include "pipelines/train/run_json.h"
#include "pipelines/train/same_run.h"
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

LearntFrom learnt_from(const Position& at) { return {.data = at.data, .val = at.val, .recipe = at.recipe}; }

/// One call of train(): what lives as long as it.
class Job {
 public:
  Job(TrainOptions options, const io::Dataset& data, const io::Dataset* val)
      : options_(std::move(options)),
        data_(data),
        val_(val),
        fs_(options_.fs != nullptr ? *options_.fs : io::FileSystem::real()),
        clock_(options_.clock != nullptr ? *options_.clock : Clock::system()),
        progress_(options_.progress != nullptr ? *options_.progress : none_),
        together_(options_.processes) {
    learn::keep_freed_memory();  // before the threads below are made
    options_.recipe = fitted(pipelines::resolve_stages(std::move(options_.recipe), all_stages()), data_);
    if (options_.processes != nullptr) options_.processes->set_timeout(options_.recipe.lanes.timeout.seconds);
    machine_ = machine_for(options_.recipe, options_.threads);
    plan_ = make_train_plan(options_.recipe, data_, val_, machine_, options_.threads, read_script(fs_, options_.recipe),
                            together_);
    io::StorageOptions storage = storage_options(options_.recipe, plan_.epochs);
    if (const auto held = plan_.lanes.held) storage.elsewhere = [held](uint64_t id) { return held->holds(id); };
    storage_.emplace(data_, std::move(storage));
    io::StorageOptions val_storage;
    val_storage.ram_bytes = 0;  // kept nowhere: the training's records have more of it
    if (val_ != nullptr) val_storage_.emplace(*val_, val_storage);
    for (const std::string& device : plan_.lanes.devices)
      open_device(device, clock_);  // says why it is not there before a folder is made
    require_alike();
  }

  TrainResult run() {
    std::optional<RunDirectory> directory;
    together_.at_root([&] { directory.emplace(RunDirectory::open(fs_, options_.run, options_.resume)); });
    const bool is_new = directory && directory->is_new();  // until start() writes into it
    const RunPaths paths(options_.run);
    std::optional<learn::CheckpointStore> checkpoints;
    if (directory)
      checkpoints.emplace(fs_, paths.checkpoints(), plan_.checkpoint.keep,
                          [this](const std::string& line) { progress_.say("warning: " + line); });
    Position position;
    position.torch_threads = plan_.lanes.learner.threads;
    position.data = data_digest(data_);
    position.val = val_ != nullptr ? data_digest(*val_) : "";
    position.recipe = pipelines::to_toml(options_.recipe);
    position.classes = data_.class_names();

    TrainResult result;
    const std::unique_ptr<Lanes> lanes = start(checkpoints, directory, position, result);
    try {
      std::optional<RunLogs> logs;
      together_.at_root([&] {
        keep_order(paths.order());
        logs.emplace(fs_, paths, plan_.rows());
        logs->cut_back(position.logs);
      });
      if (!plan_.note.empty()) progress_.say("note: " + plan_.note);
      Trainer trainer(plan_, *storage_, val_ != nullptr ? &*val_storage_ : nullptr, *lanes, logs ? &*logs : nullptr,
                      {.stop = options_.stop,
                       .time_limit_seconds = options_.time_limit_seconds,
                       .progress = &progress_,
                       .trace = options_.trace,
                       .clock = &clock_,
                       .checkpoints = checkpoints ? &*checkpoints : nullptr});
      result.end = trainer.run(position);
      if (plan_.lanes.held) progress_.say("note: " + plan_.lanes.held->text());
      if (plan_.lanes.decoding) progress_.say("note: " + position.totals.decoders.text());
      together_.require_none(failure_of([&] { storage_->flush(); }));
      for (const std::string& note : storage_->notes()) progress_.say("note: " + note);
    } catch (const Error&) {
      // Nothing was learnt: the next try is a first one.
      if (is_new && position.steps == 0) directory->forget();
      throw;
    }
    describe(result, position, *lanes);
    together_.at_root([&] {
      result.peak_rss_bytes = peak_rss_bytes(fs_, paths);
      io::write_file(fs_, paths.report(), result.to_json() + "\n");
    });
    return result;
  }

 private:
  /// What the processes of a job must have in common: else each would learn something else.
  void require_alike() {
    const auto digest = [](const std::string& text) { return io::hex(io::checksum(io::bytes_of(text))); };
    pipelines::Recipe recipe = options_.recipe;
    recipe.lanes.devices.clear();  // and what else a machine may have for itself
    recipe.budget = {};
    recipe.net.script.clear();
    const std::vector<std::byte>& script = plan_.lanes.learner.script;
    together_.require_same("recipe", digest(pipelines::to_toml(recipe) + io::hex(io::checksum(script))),
                           "start all processes with the same recipe and the same --set");
    together_.require_same("training data", data_digest(data_), "give all processes the same --data");
    together_.require_same("validation data", val_ != nullptr ? data_digest(*val_) : "none",
                           "give all processes the same --val");
  }

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

  /// The lanes at the newest checkpoint, or fresh; writes recipe.toml and run.json. The root reads, the others are told.
  std::unique_ptr<Lanes> start(const std::optional<learn::CheckpointStore>& checkpoints,
                               std::optional<RunDirectory>& directory, Position& position, TrainResult& result) {
    std::optional<learn::Checkpoint> newest;
    std::optional<Position> stored;
    together_.at_root([&] {
      if (!directory->is_new()) newest = checkpoints->load_newest();
      if (!newest && !directory->is_new())
        progress_.say("'" + directory->path() + "' holds no checkpoint yet: it begins again at step 0");
      if (!newest) return;
      stored = Position::from_json(newest->metadata, newest->path);
      require_same_run(learnt_from(*stored), learnt_from(position), options_.recipe, stored->epoch, directory->path());
    });
    const std::string metadata = together_.broadcast(stored ? newest->metadata : "");
    auto lanes = std::make_unique<Lanes>(plan_.lanes, together_, clock_);
    if (!lanes->note().empty()) progress_.say("note: " + lanes->note());
    if (metadata.empty()) {
      lanes->start_alike();
    } else {
      if (!together_.is_root()) stored = Position::from_json(metadata, "the root's checkpoint");
      go_on(*lanes, newest, *stored, position);
      result.resumed_from_step = position.steps;
    }
    together_.at_root([&] { directory->begin(position.recipe, describe_run(), options_.fitted); });
    return lanes;
  }

  void go_on(Lanes& lanes, const std::optional<learn::Checkpoint>& newest, Position& stored, Position& position) {
    if (together_.size() == 1) {
      lanes.load(newest->state, newest->path);
    } else {
      const std::string state = together_.broadcast(
          newest ? std::string(reinterpret_cast<const char*>(newest->state.data()), newest->state.size()) : "");
      lanes.load(std::as_bytes(std::span(state)), newest ? newest->path : "the root's checkpoint");
    }
    if (stored.torch_threads != 0 && stored.torch_threads != position.torch_threads)
      progress_.say(
          "warning: until here this run used " + std::to_string(stored.torch_threads) + " torch threads, now it uses " +
          std::to_string(position.torch_threads) +
          ": its weights will not be equal to the bit to those of a run with one number; set lanes.threads = " +
          std::to_string(stored.torch_threads) + " to keep them so");
    stored.torch_threads = position.torch_threads;
    stored.recipe = position.recipe;  // with what was allowed to change
    position = std::move(stored);
    if (position.epoch < plan_.epochs)
      progress_.say("going on with '" + options_.run + "' at epoch " + std::to_string(position.epoch + 1) + ", step " +
                    std::to_string(position.step) + " (step " + std::to_string(position.steps) + " of all)");
    else
      progress_.say("'" + options_.run + "' is finished: " + counted(position.epoch, "epoch"));
  }

  std::string describe_run() const {
    return run_json(options_.recipe, data_, val_, options_.threads, plan_.lanes.learner.threads);
  }

  void describe(TrainResult& result, const Position& position, Lanes& lanes) const {
    result.epochs = position.epoch;
    result.steps = position.steps;
    result.totals = position.totals;
    result.last = position.last;
    result.best = position.best;
    result.best_epoch = position.best_epoch;
    result.has_val = val_ != nullptr;
    result.rows = plan_.rows();
    const std::vector<std::byte> weights = lanes.learner().weights_bytes();
    result.weights_xxh3 = io::hex(io::checksum(weights));
    result.model = options_.recipe.net.arch;
    result.model_bytes = weights.size();
    result.run = options_.run;
    result.device = lanes.device();
    result.step_graph = lanes.learner().step_graph_text();
    result.device_utilisation = lanes.utilisation(position.totals.step_seconds + position.totals.data_wait_seconds);
  }

  TrainOptions options_;
  const io::Dataset& data_;
  const io::Dataset* val_;
  io::FileSystem& fs_;
  Clock& clock_;
  NoProgress none_;
  ProgressSink& progress_;
  Together together_;
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
