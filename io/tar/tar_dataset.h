// Records in tars: WebDataset shards, tars of class folders, ImageNet's tar of tars, and what Penstock packs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/index/record_index.h"

namespace penstock::io {

struct TarDatasetOptions {
  std::string labels = {};  ///< see LabelFile; only for tars without labels, as ImageNet's validation pictures are
  std::vector<std::string> classes = {};  ///< when given, labels are places in this list, matched by name
  std::string cache_folder = {};          ///< for an index that cannot lie beside the first shard; "" for none
};

/// Read in place: the index says where each picture lies in its shard, nothing is unpacked. The index lies beside the first shard as NAME.penstock-index and
/// is made again when a shard has another length or change time. What a shard holds is seen from its members:
///   - members *.tar and no pictures: ImageNet as it is downloaded (ILSVRC2012_img_train.tar). Classes are the inner tars, ids those of the unpacked folder.
///   - pictures in folders and no .cls or .json beside them: class folders; ids as in the unpacked folder (sorted by class, then name).
///   - else WebDataset: members of one key (the path up to the first '.' of its last part) are a record; its picture is the first member with a picture's ending, its label
///     the number in .cls, or "label"/"cls" in .json, else -1. Ids are in the order of the members. Members of other endings are counted in notes().
///   - "__penstock__/": packed by Penstock, with checksums, names, ids and classes.
/// Class folders and ImageNet are sorted in memory once, while the index is made: about 100 bytes a record. Links and sparse members are left out, with a note. WebDataset shards take 40 bytes a key of one shard, to find those that come twice; packed ones none.
class TarDataset final : public IndexedDataset {
 public:
  /// `shards` in order. Throws kIo, kData where a tar is cut short in a member, has a wrong header, a key twice, or a path that is absolute or leads out; kUsage where it
  /// holds no pictures.
  static std::unique_ptr<TarDataset> open(FileSystem& fs, const std::vector<std::string>& shards,
                                          TarDatasetOptions options = {});

 private:
  using IndexedDataset::IndexedDataset;
};

/// The files that a pattern names, sorted: `*`, `?` and `[...]` in the last part of the path, and {000..127} or {a,b} anywhere (as WebDataset has them). A path without
/// any of them is itself. Throws kUsage where nothing matches.
std::vector<std::string> shards_of(FileSystem& fs, const std::string& pattern);
/// Whether it has a wildcard or a range.
bool is_pattern(const std::string& path);

}  // namespace penstock::io
