#include "io/data/open.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "engine/base/error.h"
#include "io/data/folder_listing.h"
#include "io/data/folder_manifest.h"
#include "io/data/image_folder.h"
#include "io/data/lmdb_dataset.h"
#include "io/hdf5/open_hdf5.h"
#include "io/tar/tar_dataset.h"
#include "io/tar/tar_format.h"

namespace penstock::io {
namespace {

constexpr int kDeepestLook =
    4;  // levels below a class folder: a guard against links in a circle, not a limit of the format

struct Place {
  std::string kind;  ///< "" where it is to be found by looking
  std::string path;
};

Place take_apart(const std::string& where) {
  for (const char* kind : {"folder", "flat", "lmdb", "tar", "hdf5"}) {
    const std::string prefix = std::string(kind) + ":";
    if (where.starts_with(prefix)) return {kind, where.substr(prefix.size())};
  }
  return {"", where};
}

// What is right in a folder, hidden entries left out.
struct Contents {
  std::set<std::string> folders;
  bool pictures = false;
  bool lmdb = false;
  bool empty = true;
};

Contents look_into(FileSystem& fs, const std::string& path) {
  Contents out;
  for (const FolderEntry& entry : fs.list(path)) {
    if (entry.name.front() == '.') continue;
    out.empty = false;
    if (entry.kind == FileKind::kFolder) out.folders.insert(entry.name);
    if (entry.kind == FileKind::kFile && entry.name == "data.mdb") out.lmdb = true;
    if (entry.kind != FileKind::kFolder && has_picture_ending(entry.name)) out.pictures = true;
  }
  return out;
}

// The folder of a split, or nothing where there is no such part.
std::optional<std::string> split_folder(FileSystem& fs, const std::string& path, Split split) {
  if (split == Split::kAll || !fs.is_folder(path)) return split == Split::kVal ? std::nullopt : std::optional(path);
  const Contents contents = look_into(fs, path);
  if (contents.lmdb || !are_parts(contents.folders)) return split == Split::kVal ? std::nullopt : std::optional(path);
  if (split == Split::kTrain) return join_path(path, "train");
  for (const char* name : {"val", "valid", "validation"}) {
    if (contents.folders.contains(name)) return join_path(path, name);
  }
  return std::nullopt;
}

Error no_data_set(const std::string& path, const std::string& found) {
  return Error(Code::kUsage, "'" + path + "' is no data set: " + found)
      .hint(
          "understood are a folder of class folders (or of pictures), an LMDB folder (data.mdb), a tar or a quoted "
          "glob of tars, and HDF5 (.h5); or say which it is, as in lmdb:" +
          path);
}

std::string strip_file(FileSystem& fs, const std::string& path) {
  return base_name(path) == "data.mdb" && !fs.is_folder(path) ? parent_of(path) : path;
}

// Whether any folder under the root holds a picture; stops at the first.
bool any_picture_below(FileSystem& fs, const std::string& path, const Contents& contents, int depth) {
  for (const std::string& name : contents.folders) {
    const std::string below = join_path(path, name);
    const Contents inside = look_into(fs, below);
    if (inside.pictures || (depth > 0 && any_picture_below(fs, below, inside, depth - 1))) return true;
  }
  return false;
}

std::string kind_of_folder(FileSystem& fs, const std::string& path) {
  const Contents contents = look_into(fs, path);
  if (contents.lmdb) return "lmdb";
  if (contents.empty) throw no_data_set(path, "the folder is empty");
  if (any_picture_below(fs, path, contents, kDeepestLook)) return "folder";
  if (contents.pictures) return "flat";
  if (!contents.folders.empty()) {
    throw no_data_set(path,
                      "it has " + std::to_string(contents.folders.size()) + " folders in it, but no pictures in them");
  }
  throw no_data_set(path, "it holds neither class folders, nor pictures, nor a data.mdb");
}

std::string cache_of(const OpenOptions& options) {
  return options.cache_folder == "\n" ? FolderManifest::default_cache_folder() : options.cache_folder;
}

Error keeps_labels(const std::string& path, const std::string& what, const OpenOptions& options) {
  return Error(Code::kUsage,
               "'" + path + "' is " + what + " and keeps its own labels: '" + options.labels + "' is one too many")
      .hint("leave --labels out");
}

// Where a file keeps its parts in groups, the group of the split that was asked for; "" where it does not.
std::string hdf5_group(const std::string& path, Split split) {
  if (split == Split::kAll || !has_hdf5_group(path, "train")) return "";
  if (split == Split::kTrain) return "train";
  for (const char* name : {"val", "valid", "validation"}) {
    if (has_hdf5_group(path, name)) return name;
  }
  return "";
}

// An HDF5 file; null where the path is none. `hdf5:` or the ending say so even where its beginning does not.
std::unique_ptr<Dataset> open_hdf5_file(FileSystem& fs, const Place& place, const OpenOptions& options) {
  if (!place.kind.empty() && place.kind != "hdf5") return nullptr;
  if (!fs.exists(place.path) || fs.is_folder(place.path)) return nullptr;
  if (place.kind.empty() && !looks_like_hdf5(fs, place.path)) {
    if (!place.path.ends_with(".h5") && !place.path.ends_with(".hdf5")) return nullptr;
    throw Error(Code::kData, "'" + place.path + "' has an HDF5's name and does not begin like one")
        .hint("it is damaged, empty, or of another kind: say which, as in tar:" + place.path);
  }
  if (!options.labels.empty()) throw keeps_labels(place.path, "HDF5", options);
  const std::string group = hdf5_group(place.path, options.split);
  if (options.split == Split::kVal && group.empty())
    throw Error(Code::kUsage, "'" + place.path + "' has no validation part").hint("give --val");
  return open_hdf5(fs, place.path, group, options.classes, cache_of(options));
}

// A tar, or a pattern that names some; null where the path is neither.
std::unique_ptr<Dataset> open_tars(FileSystem& fs, const Place& place, const OpenOptions& options) {
  if (!place.kind.empty() && place.kind != "tar") return nullptr;
  const bool pattern = !fs.exists(place.path) && is_pattern(place.path);
  if (!pattern && place.kind.empty()) {
    if (!fs.exists(place.path) || fs.is_folder(place.path)) return nullptr;
    std::array<std::byte, kTarBlock> block{};
    const File file(fs, place.path, OpenMode::kRead);
    if (!looks_like_tar(std::span(block).first(file.read_at(0, block)))) return nullptr;
  }
  if (!pattern && !fs.exists(place.path)) return nullptr;
  return TarDataset::open(fs, shards_of(fs, place.path),
                          {.labels = options.labels, .classes = options.classes, .cache_folder = cache_of(options)});
}

}  // namespace

std::unique_ptr<Dataset> open(const std::string& where, const OpenOptions& options, FileSystem& fs) {
  Place place = take_apart(where);
  if (place.path.empty())
    throw Error(Code::kUsage, "the path of the data set is empty").hint("give a folder, as in --data /data/imagenet");
  if (auto tars = open_tars(fs, place, options)) return tars;
  if (auto hdf5 = open_hdf5_file(fs, place, options)) return hdf5;
  if (!fs.exists(place.path)) {
    throw Error(Code::kUsage, "there is no '" + place.path + "'").hint("check the path of the data set");
  }
  const std::string given = strip_file(fs, place.path);
  const std::optional<std::string> path = split_folder(fs, given, options.split);
  if (!path) {
    throw Error(Code::kUsage, "'" + given + "' has no validation part")
        .hint("put it into " + join_path(given, "val") + ", or give --val");
  }
  if (!fs.is_folder(*path))
    throw no_data_set(*path, "it is a file of " + std::to_string(fs.stat(*path).bytes) + " bytes");
  if (place.kind.empty()) place.kind = kind_of_folder(fs, *path);
  const std::string cache = cache_of(options);
  if (place.kind == "lmdb") {
    if (!options.labels.empty()) throw keeps_labels(*path, "an LMDB", options);
    return LmdbDataset::open(fs, *path, {.classes = options.classes, .cache_folder = cache});
  }
  return ImageFolder::open(fs, *path,
                           {.layout = place.kind == "flat" ? FolderLayout::kFlat : FolderLayout::kClasses,
                            .labels = options.labels,
                            .classes = options.classes,
                            .manifest_from_files = options.manifest_from_files,
                            .cache_folder = cache});
}

bool has_split(const std::string& where, Split split, FileSystem& fs) {
  const std::string path = take_apart(where).path;
  if (split == Split::kVal && fs.exists(path) && !fs.is_folder(path) && !hdf5_group(path, split).empty()) return true;
  return fs.exists(path) && split_folder(fs, strip_file(fs, path), split).has_value();
}

}  // namespace penstock::io
