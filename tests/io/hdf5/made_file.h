// HDF5 files as people make them, for tests.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <hdf5.h>

#include "io/hdf5/library.h"

namespace penstock::io {

/// How an array is made.
struct MadeAs {
  std::vector<hsize_t> chunk = {};  ///< empty: contiguous
  bool compressed = false;
  bool late = false;  ///< described, never written
};

/// Makes arrays in a new file; whole when it is destroyed.
class MadeFile {
 public:
  explicit MadeFile(const std::string& path)
      : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose) {}

  enum There { kThere };
  /// Adds to a file that is there.
  MadeFile(const std::string& path, There) : file_(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose) {}

  void group(const std::string& name) {
    const Hdf5Handle made(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    ASSERT_GE(made, 0);
  }
  void array(const std::string& name, hid_t type, const std::vector<hsize_t>& shape, const void* values,
             const MadeAs& as) {
    const Hdf5Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
    const Hdf5Handle made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    if (!as.chunk.empty()) H5Pset_chunk(made, static_cast<int>(as.chunk.size()), as.chunk.data());
    if (as.compressed) H5Pset_deflate(made, 4);
    const Hdf5Handle set(H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, made, H5P_DEFAULT), H5Dclose);
    ASSERT_GE(set, 0) << hdf5_message();
    if (as.late) return;
    ASSERT_GE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
  }
  /// u8 elements 0, 1, 2, ... (mod 251).
  void counted(const std::string& name, const std::vector<hsize_t>& shape, const MadeAs& as = {}) {
    const auto count = std::accumulate(shape.begin(), shape.end(), hsize_t{1}, std::multiplies<>());
    std::vector<uint8_t> values(count);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint8_t>(i % 251);
    array(name, H5T_STD_U8LE, shape, values.data(), as);
  }
  void labels(const std::string& name, const std::vector<int64_t>& values) {
    array(name, H5T_STD_I64LE, {values.size()}, values.data(), {});
  }
  hid_t id() const { return file_; }

 private:
  Hdf5Lock lock_;
  Hdf5Handle file_;
};

}  // namespace penstock::io
