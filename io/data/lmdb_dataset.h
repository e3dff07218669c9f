// Records in an LMDB, read by offset.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/data/lmdb_file.h"
#include "io/index/record_index.h"

namespace penstock::io {

struct LmdbDatasetOptions {
  std::vector<std::string> classes = {};  ///< when given, labels are places in this list, matched by name
  std::string cache_folder = {};          ///< for an index that cannot lie beside data.mdb; "" for none
};

/// An LMDB that LmdbWriter made (with checksums, labels, names), or one of another program whose values are encoded pictures (label -1, no checksums) or Caffe
/// Datums with encoded pictures and labels. data.mdb is read at the offsets of the index; it is never mapped. It must not be written to meanwhile.
class LmdbDataset final : public IndexedDataset {
 public:
  /// `fs` must outlive it. Throws kIo where it cannot be read; kData where data.mdb is damaged or cut short, or its values are no pictures. An index that
  /// is missing, damaged or of another state of data.mdb is made anew, in the cache folder or, where there is none, beside it.
  static std::unique_ptr<LmdbDataset> open(FileSystem& fs, const std::string& folder, LmdbDatasetOptions options = {});
  uint64_t state() const override;

 private:
  LmdbDataset(FileSystem& fs, const std::string& folder, LmdbFile lmdb, std::unique_ptr<RecordIndex> index,
              const std::vector<std::string>& classes);

  LmdbFile lmdb_;
};

}  // namespace penstock::io
