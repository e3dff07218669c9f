// Rows of features as `penstock infer --features` writes them, read back block by block.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

/// Which record a row is of.
struct FeatureName {
  int64_t id = 0;
  std::string file;  ///< "" where the file says none
};

/// A row that holds an error in place of features.
struct FeatureFault {
  int64_t id = 0;
  std::string file;
  std::string error;
};

/// The rows that hold features; those with an error are left out and listed. Made by open_features. Memory: 8 bytes a row that is
/// left out; of CSV also 8 bytes for each 256 rows. One thread at a time, which may change.
class FeatureTable {
 public:
  virtual ~FeatureTable() = default;
  const std::string& path() const { return path_; }
  /// Rows that hold features.
  uint64_t rows() const { return rows_; }
  size_t width() const { return width_; }
  /// How many rows hold an error, and the first kFaultsListed of them.
  uint64_t faults() const { return faults_; }
  const std::vector<FeatureFault>& listed_faults() const { return listed_; }
  static constexpr size_t kFaultsListed = 100;

  /// Rows [first, first + into.size() / width()), C order. Throws Error kData that names the row where a value is no finite number, or where
  /// the file is damaged or changed; kIo where it cannot be read.
  void read(uint64_t first, std::span<float> into);
  virtual void read_ids(uint64_t first, std::span<int64_t> into) = 0;
  virtual void read_names(uint64_t first, std::span<FeatureName> into) = 0;

 protected:
  explicit FeatureTable(std::string path) : path_(std::move(path)) {}
  virtual void read_values(uint64_t first, std::span<float> into) = 0;
  void note_fault(FeatureFault fault);

  std::string path_;
  uint64_t rows_ = 0;
  size_t width_ = 0;
  uint64_t faults_ = 0;
  std::vector<FeatureFault> listed_;
};

/// Opens by ending.
///   .h5   `features` (rows, width) of any numbers; `id` (rows), `file` and `error` texts (rows) where they are there
///   .csv  a header with f0, f1, ...; id, file and error where they are there
/// Without ids, rows count from 0. Throws Error kUsage for another ending and for a file that holds no features (a table of predictions is
/// told how to become one), kData for damage, kIo.
std::unique_ptr<FeatureTable> open_features(const std::string& path, FileSystem& fs = FileSystem::real());

/// For open_features.
std::unique_ptr<FeatureTable> open_csv_features(const std::string& path, FileSystem& fs);
std::unique_ptr<FeatureTable> open_hdf5_features(const std::string& path, FileSystem& fs);

}  // namespace penstock::io
