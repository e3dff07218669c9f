// Rows of results as CSV or HDF5, by the file's ending.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/file/file_system.h"
#include "io/table/hdf5_writer.h"

namespace penstock::io {

/// Takes columns block by block. The file appears with finish(), complete, or not at all. One thread. Faults are penstock::Error(kIo).
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  /// As Hdf5Writer: `values` is (rows, width) of the column's type. Each block gives every column once, in any order, as many rows.
  virtual void append(size_t column, std::span<const float> values) = 0;
  virtual void append(size_t column, std::span<const int64_t> values) = 0;
  virtual void append(size_t column, std::span<const std::string> values) = 0;
  virtual void finish() = 0;
};

/// .csv: a column of width 1 has its name, wider ones NAME0, NAME1, ...; .h5: a data set each. Throws Error kUsage for another ending, a
/// folder, or a folder that is not there.
std::unique_ptr<TableWriter> open_table(const std::string& path, std::vector<Hdf5Column> columns,
                                        FileSystem& fs = FileSystem::real());
/// Throws that Error, before anything is computed. `option` is what the path came with: "--out".
void check_table_path(const std::string& path, const std::string& option, FileSystem& fs = FileSystem::real());

}  // namespace penstock::io
