// Opens a data set by looking at what lies there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/data/dataset.h"
#include "io/file/file_system.h"

namespace penstock::io {

/// Which part of a folder that has train/ and val/ in it. A data set without such parts is its own kTrain and kAll; it has no kVal.
enum class Split {
  kTrain,
  kVal,
  kAll,  ///< the path itself, whatever lies in it
};

struct OpenOptions {
  Split split = Split::kTrain;
  std::string labels = {};                ///< of a flat folder or a tar without any: see LabelFile (--labels)
  std::vector<std::string> classes = {};  ///< when given, labels are places in this list: classes are matched by name
  uint64_t manifest_from_files = 2000;    ///< see ImageFolderOptions
  /// Where manifests and indexes go that cannot lie beside the data; unset: FolderManifest::default_cache_folder().
  std::string cache_folder = "\n";
};

/// Opens `where`, a path or "kind:path" with kind one of folder, flat, lmdb, tar, hdf5. Recognised by looking: data.mdb in the folder (or the file data.mdb itself)
/// is an LMDB; sub-folders with pictures are classes; pictures right in it make it flat; train/ beside val/, valid/, validation/ or test/ (and no other folders) are splits; a file
/// that begins with a tar header, or a pattern of file names, is a tar; one that begins as HDF5 does is HDF5, its groups train and val being splits.
/// Throws kUsage, saying what was found and what is understood, where `where` is missing, empty, holds no pictures or is no data set; kIo
/// where it cannot be read; kData where it is damaged. `fs` must outlive the result.
std::unique_ptr<Dataset> open(const std::string& where, const OpenOptions& options = {},
                              FileSystem& fs = FileSystem::real());

/// Whether open(where, {.split = split}) finds that part.
bool has_split(const std::string& where, Split split, FileSystem& fs = FileSystem::real());

}  // namespace penstock::io
