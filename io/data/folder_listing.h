// What lies in a folder of pictures: the result of one walk over it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

enum class FolderLayout : uint8_t {
  kClasses,  ///< each folder right under the root is a class; pictures lie in it at any depth
  kFlat,     ///< no classes: every picture under the root, label -1
};

struct ListedFolder {
  std::string path;      ///< relative to the root; "" is the root itself
  int64_t mtime_ns = 0;  ///< before its entries were read
  int32_t label = -1;
};

/// 24 bytes a picture, names apart: 1.3 million files take about 60 MB.
struct ListedFile {
  uint64_t name_offset = 0;  ///< into FolderListing::names; the name ends where the next one begins
  uint64_t bytes = 0;
  uint32_t folder = 0;   ///< into FolderListing::folders
  uint32_t mtime_s = 0;  ///< for people; changes are seen when the file is read
};

/// Folders and pictures in torchvision's ImageFolder order: classes sorted by name; in a class, folders sorted by path, files sorted by name
/// within theirs (byte order). Hidden files and folders (leading '.') are left out; links are followed, but never in a circle.
struct FolderListing {
  FolderLayout layout = FolderLayout::kClasses;
  int64_t started_ns = 0;             ///< wall clock when the walk began
  std::vector<std::string> classes;   ///< kClasses: every folder under the root, those without pictures too
  std::vector<ListedFolder> folders;  ///< the root is the first
  std::vector<ListedFile> files;
  std::string names;
  uint64_t fingerprint = 0;  ///< XXH3 over classes, then relative path, bytes and label of each file; not mtimes

  std::string_view file_name(uint64_t id) const;
  /// Relative to the root.
  std::string path(uint64_t id) const;
};

/// Walks `root`. Throws kIo where a folder cannot be listed. A link that leads nowhere is listed with 0 bytes (reading it rejects it).
FolderListing list_pictures(FileSystem& fs, const std::string& root, FolderLayout layout);

/// Whether the name ends in one of torchvision's picture endings (.jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp), in any case.
bool has_picture_ending(std::string_view name);

/// Whether folders of these names are the parts of a data set and not its classes: train, and beside it val, valid, validation or test, and nothing else.
bool are_parts(const std::set<std::string>& folders);

}  // namespace penstock::io
