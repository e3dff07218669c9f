// The cached listing of a folder of pictures, so that opening 1.3 million files twice is quick.
#pragma once

#include <optional>
#include <string>

#include "io/data/folder_listing.h"

namespace penstock::io {

/// Where manifests lie and how they are checked.
///
/// A manifest is one file: header, folders, classes, files, names; header and body each with an XXH3 checksum; written atomically. A folder of
/// class folders keeps it as ROOT/.penstock-manifest where that is writable, else (and for flat folders, whose own change time it would alter)
/// it lies in $XDG_CACHE_HOME/penstock (or ~/.cache/penstock) under the XXH3 of the real path.
///
/// It is **valid** while, for every folder it names, the change time (mtime) is the one it was listed with, and lies at least 20 ms before
/// the walk (file systems stamp times in ticks of up to 10 ms: a later change in the same tick would go unseen). For a root of class folders
/// the set of sub-folder names is compared instead. So checking costs one stat a folder, never one a file. A file that was
/// overwritten in place changes no folder: that is seen when it is read (its length differs) and is a rejection of that record.
/// Anything wrong with a manifest (missing, damaged, cut short, of another version, places or labels that cannot be) means a new walk, never an error.
class FolderManifest {
 public:
  /// `cache_folder` may be "" (none). Nothing is touched on disk.
  FolderManifest(FileSystem& fs, std::string root, FolderLayout layout, std::string cache_folder);

  /// The listing, when there is a valid one.
  std::optional<FolderListing> load() const;
  /// False, with the reason in `why`, where no place could be written.
  bool save(const FolderListing& listing, std::string* why) const;
  /// The places tried, in order.
  std::vector<std::string> places() const;

  /// $XDG_CACHE_HOME/penstock, else $HOME/.cache/penstock, else "".
  static std::string default_cache_folder();

 private:
  bool is_current(const FolderListing& listing) const;

  FileSystem& fs_;
  std::string root_;
  FolderLayout layout_;
  std::string cache_folder_;
};

/// The bytes of a manifest, and back; nothing where they are not a whole manifest of this version.
std::string to_bytes(const FolderListing& listing);
std::optional<FolderListing> listing_from(std::string bytes);

}  // namespace penstock::io
