// Records in an HDF5 file that Penstock packed, read by offset.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/index/record_index.h"

namespace penstock::io {

struct Hdf5DatasetOptions {
  std::vector<std::string> classes = {};  ///< when given, labels are places in this list, matched by name
  std::string cache_folder = {};          ///< for an index that cannot lie beside the file; "" for none
};

/// A file of the layout in record_layout.h. HDF5 is asked once, where everything lies; the records are then extents of the file, with ids, names, labels,
/// classes and checksums. The index lies beside it as NAME.h5.penstock-index and is made again when the file has another length or change time.
class Hdf5Dataset final : public IndexedDataset {
 public:
  /// `fs` must outlive it. Throws kIo where it cannot be read; kData where it is no HDF5, cut short, lacks a data set, one has another type or length than it
  /// must have, or an offset or a label in it is out of range; kUsage where it holds no records.
  static std::unique_ptr<Hdf5Dataset> open(FileSystem& fs, const std::string& path, Hdf5DatasetOptions options = {});

 private:
  using IndexedDataset::IndexedDataset;
};

/// The index of the file `path` as the file `index_path`, which appears whole or not at all. Bounded memory, but for 8 bytes a record where it is shuffled.
void make_hdf5_index(FileSystem& fs, const std::string& path, const std::string& index_path);

}  // namespace penstock::io
