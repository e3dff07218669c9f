#include "pipelines/train/model.h"

#include <algorithm>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/file/file.h"
#include "models/nets/package.h"
#include "pipelines/job/job.h"
#include "pipelines/recipe/load.h"
#include "pipelines/recipe/phases.h"
#include "pipelines/train/plan_from_recipe.h"
#include "pipelines/train/position.h"
#include "pipelines/train/run_directory.h"
#include "stages/learn/checkpoint_store.h"

namespace penstock::train {
namespace {

using pipelines::Recipe;

constexpr char kWhatIsAModel[] = "MODEL is a run directory, a checkpoint, a TorchScript file or an AOTInductor package";

Recipe in_last_phase(const Recipe& recipe) {
  return pipelines::phase_view(recipe, std::max<uint64_t>(1, recipe.train.epochs) - 1);
}

Model from_checkpoint(learn::Checkpoint checkpoint, const ModelOptions& options) {
  Model model;
  model.path = checkpoint.path;
  const Position position = Position::from_json(checkpoint.metadata, checkpoint.path);
  model.recipe = in_last_phase(
      options.recipe.empty()
          ? pipelines::parse_recipe(position.recipe, "the recipe in '" + checkpoint.path + "'", {.set = options.set})
          : pipelines::load_recipe(options.recipe, {.set = options.set}));
  model.classes = position.classes;
  model.steps = checkpoint.step;
  model.config = learn::config_of(checkpoint.state, checkpoint.path);
  model.state = std::move(checkpoint.state);
  return model;
}

learn::Checkpoint best_of(io::FileSystem& fs, const std::string& run, std::vector<std::string>& notes) {
  const learn::CheckpointStore store(fs, RunPaths(run).checkpoints(), 1,
                                     [&notes](const std::string& line) { notes.push_back(line); });
  try {
    if (auto best = store.load_best()) return std::move(*best);
  } catch (const Error& error) {
    if (error.code() != Code::kData) throw;
    notes.push_back(error.message() + "; the newest one is taken in its place");
  }
  if (auto newest = store.load_newest()) return std::move(*newest);
  throw Error(Code::kUsage, "the run '" + run + "' has no checkpoint yet")
      .hint("wait for its first one, or go on with the run");
}

std::string first_bytes(io::FileSystem& fs, const std::string& path) {
  const io::File file(fs, path, io::OpenMode::kRead);
  std::vector<std::byte> head(8);
  head.resize(file.read_at(0, head));
  return {reinterpret_cast<const char*>(head.data()), head.size()};
}

/// Lanes get whole batches of a package whose batch is fixed: what is missing in one is computed for nothing.
void fit_batch(Recipe& recipe, int64_t fixed) {
  const uint64_t whole = static_cast<uint64_t>(fixed) * recipe.lanes.devices.size();
  recipe.data.batch = (recipe.data.batch + whole - 1) / whole * whole;
}

/// A TorchScript file or an AOTInductor package.
Model from_module(io::FileSystem& fs, const std::string& path, const ModelOptions& options) {
  const std::string text = io::read_file(fs, path);
  const auto bytes = io::bytes_of(text);
  const bool package = nets::is_package(bytes, path);
  if (options.recipe.empty())
    throw Error(Code::kUsage, "'" + path + "' is " + (package ? "an AOTInductor package" : "a TorchScript file") +
                                  ", which does not say how its pictures are prepared")
        .hint("give --recipe RECIPE; its eval stages and [input] are used");
  Model model;
  model.path = path;
  model.recipe = in_last_phase(pipelines::load_recipe(options.recipe, {.set = options.set}));
  model.config.net.arch = package ? nets::kPackageArch : "torchscript";
  model.config.net.classes = model.recipe.net.classes.value_or(0);
  model.config.script.assign(bytes.begin(), bytes.end());
  model.config.script_origin = path;
  model.config.mean = model.recipe.input.mean;
  model.config.std = model.recipe.input.std;
  return model;
}

/// What is compiled into a package is not the recipe's to say.
void follow_package(Model& model) {
  const nets::PackageInfo info = nets::read_package(model.config.script, model.path);
  model.config.precision = info.input.dtype == "BFloat16" ? learn::Precision::kBf16 : learn::Precision::kF32;
  model.config.channels_last = info.input.channels_last;
  if (info.input.shape[0].fixed()) fit_batch(model.recipe, info.input.shape[0].least);
  if (info.device == "cpu" && info.threads > 0 && info.threads != model.config.threads)
    model.notes.push_back("'" + model.path + "' was compiled for " + std::to_string(info.threads) +
                          " threads and takes them on each lane, where " + std::to_string(model.config.threads) +
                          " are meant; cpp.dynamic_threads compiles it for any number");
}

}  // namespace

Model open_model(io::FileSystem& fs, const std::string& path, const ModelOptions& options) {
  if (!fs.exists(path)) throw Error(Code::kUsage, "there is no model '" + path + "'").hint(kWhatIsAModel);
  Model model;
  if (fs.is_folder(path)) {
    if (!is_run_directory(fs, path))
      throw Error(Code::kUsage, "'" + path + "' is no run directory: it has no run.json").hint(kWhatIsAModel);
    std::vector<std::string> notes;
    model = from_checkpoint(best_of(fs, path, notes), options);
    model.notes = std::move(notes);
  } else if (const std::string head = first_bytes(fs, path); head == "PENSTCKP") {
    model = from_checkpoint(learn::read_checkpoint(fs, path), options);
  } else if (head.starts_with("PK")) {
    model = from_module(fs, path, options);
  } else {
    throw Error(Code::kUsage, "'" + path + "' is no model").hint(kWhatIsAModel);
  }
  model.config.precision = model.recipe.train.precision;
  model.config.channels_last = model.recipe.train.channels_last;
  model.config.sparse_rows = model.recipe.train.sparse_rows;
  model.config.threads = torch_threads(model.recipe, options.threads);
  if (model.config.net.arch == nets::kPackageArch) follow_package(model);
  return model;
}

std::string model_digest(const Model& model) {
  pipelines::Recipe recipe = model.recipe;
  recipe.lanes = {};  // each machine has its own
  recipe.budget = {};
  io::Checksum sum;
  sum.add(std::span(model.state)).add(std::span(model.config.script)).add(pipelines::to_toml(recipe));
  return io::hex(sum.value());
}

std::shared_ptr<const io::Dataset> open_for_model(const Model& model, const std::string& data,
                                                  const std::string& labels) {
  return open_view({.data = data, .labels = labels}, Mode::kEval, model.classes);
}

std::unique_ptr<Lanes> make_lanes(const Model& model, int64_t classes, const Together& together, Clock& clock) {
  learn::LearnerConfig config = model.config;
  if (config.net.classes <= 0) config.net.classes = classes;
  if (config.net.classes <= 0)
    throw Error(Code::kUsage, "nobody says how many classes '" + model.path + "' tells apart")
        .hint("--set net.classes=N");
  auto lanes = std::make_unique<Lanes>(
      LanesOptions{.devices = lane_devices(model.recipe), .learner = std::move(config), .trains = false}, together,
      clock);
  if (!model.state.empty()) lanes->load_weights(model.state, model.path);
  return lanes;
}

}  // namespace penstock::train
