// An HDF5 file becomes a data set, by looking.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/data/dataset.h"

namespace penstock::io {

/// Whether the file begins as HDF5 does, perhaps behind a user block (at 0, 512, 1024, ...: HDF5 File Format Specification, "Superblock").
bool looks_like_hdf5(FileSystem& fs, const std::string& path);
/// Whether the file has a group of that name ("train"); false for what is no HDF5.
bool has_hdf5_group(const std::string& path, const std::string& group);

/// Our records (Hdf5Dataset), or people's arrays (Hdf5ArrayDataset), those below `group` where it is not "". `classes` and `cache_folder` as there. Errors as there.
std::unique_ptr<Dataset> open_hdf5(FileSystem& fs, const std::string& path, const std::string& group,
                                   const std::vector<std::string>& classes, const std::string& cache_folder);

}  // namespace penstock::io
