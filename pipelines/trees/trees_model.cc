#include "pipelines/trees/trees_model.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/run_directory.h"
#include "pipelines/trees/table_rows.h"
#include "pipelines/trees/trees_position.h"
#include "stages/learn/checkpoint_store.h"

namespace penstock::trees {
namespace {

constexpr char kCheckpointMark[] = "PENSTCKP";

bool is_checkpoint(io::FileSystem& fs, const std::string& path) {
  const io::File file(fs, path, io::OpenMode::kRead);
  std::vector<std::byte> head(8);
  head.resize(file.read_at(0, head));
  return std::string_view(reinterpret_cast<const char*>(head.data()), head.size()) == kCheckpointMark;
}

std::optional<learn::Checkpoint> read(io::FileSystem& fs, const std::string& path, std::vector<std::string>& notes) {
  if (!fs.exists(path)) return std::nullopt;
  if (!fs.is_folder(path))
    return is_checkpoint(fs, path) ? std::optional(learn::read_checkpoint(fs, path)) : std::nullopt;
  if (!train::is_run_directory(fs, path)) return std::nullopt;
  const learn::CheckpointStore store(fs, train::RunPaths(path).checkpoints(), 1,
                                     [&notes](const std::string& line) { notes.push_back(line); });
  try {
    if (auto best = store.load_best()) return best;
  } catch (const Error& error) {
    if (error.code() != Code::kData) throw;
    notes.push_back(error.message() + "; the newest one is taken in its place");
  }
  return store.load_newest();
}

}  // namespace

bool is_trees_model(io::FileSystem& fs, const std::string& path) {
  std::vector<std::string> notes;
  try {
    const auto checkpoint = read(fs, path, notes);
    return checkpoint && is_trees_metadata(checkpoint->metadata);
  } catch (const Error& error) {
    if (error.code() != Code::kData) throw;
    return false;  // whoever opens it says what is damaged
  }
}

TreesModel open_trees_model(io::FileSystem& fs, const std::string& path, const train::ModelOptions& options) {
  std::vector<std::string> notes;
  auto checkpoint = read(fs, path, notes);
  if (!checkpoint)
    throw Error(Code::kUsage, "'" + path + "' holds no trees")
        .hint("give a run directory that has a checkpoint, or a checkpoint");
  const TreesPosition position = TreesPosition::from_json(checkpoint->metadata, checkpoint->path);
  pipelines::Recipe recipe =
      options.recipe.empty()
          ? pipelines::parse_recipe(position.recipe, "the recipe in '" + checkpoint->path + "'", {.set = options.set})
          : pipelines::load_recipe(options.recipe, {.set = options.set});
  if (!recipe.trees) throw Error(Code::kUsage, "the recipe of '" + path + "' has no [trees]");
  return {.path = checkpoint->path,
          .booster = classic::Booster::load(checkpoint->state, checkpoint->path, options.threads),
          .recipe = std::move(recipe),
          .state_xxh3 = io::hex(io::checksum(std::span<const std::byte>(checkpoint->state))),
          .notes = std::move(notes)};
}

void require_features(const TreesModel& model, const io::Dataset& data) {
  const std::vector<std::string>& wanted = model.booster.header().features.names;
  const std::vector<std::string> found = features_of(data, model.recipe.trees->categories).names;
  if (found == wanted) return;
  std::string text;
  for (const std::string& name : wanted)
    if (std::find(found.begin(), found.end(), name) == found.end()) text += "\n  '" + name + "' is missing";
  for (const std::string& name : found)
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) text += "\n  '" + name + "' is not one of them";
  if (text.empty()) text = "\n  they are the same in another order";
  throw Error(Code::kUsage,
              "'" + data.path() + "' has other columns than the trees in '" + model.path + "' take:" + text)
      .hint("encode it by the file that was fitted when they were trained");
}

}  // namespace penstock::trees
