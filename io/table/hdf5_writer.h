// Tables as HDF5: 2-D numbers and a column of text, row batch by row batch, published whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/schema.h"
#include "io/file/file_system.h"

namespace penstock::io {

/// One data set of the file.
struct Hdf5Column {
  std::string name;
  DType dtype = DType::kF32;  ///< kF32 or kI64; ignored for text
  int64_t width = 1;          ///< columns: the data set has shape (rows, width)
  bool text = false;          ///< variable-length UTF-8, shape (rows)
};

/// Writes DEST.partial and gives it the name DEST in finish(): HDF5 does not survive a crash while writing, so an unfinished file is written anew.
/// All data sets get the same number of rows by the time of finish(). One thread; it may differ from those of other writers (see io/hdf5/library.h).
/// HDF5 writes past the FileSystem; its faults come as penstock::Error(kIo).
class Hdf5Writer {
 public:
  /// A file that is at DEST stays until finish() replaces it, as with CsvWriter; whether it may is the command's to say.
  static std::unique_ptr<Hdf5Writer> open(const std::string& dest, std::vector<Hdf5Column> columns,
                                          FileSystem& fs = FileSystem::real());
  /// Without finish() DEST.partial is removed.
  ~Hdf5Writer();

  /// `values` is (rows, width), C order, of the column's type; rows = values.size() / width.
  void append(size_t column, std::span<const float> values);
  void append(size_t column, std::span<const int64_t> values);
  void append(size_t column, std::span<const std::string> values);
  /// Throws kInternal where the data sets differ in rows.
  void finish();

 private:
  struct State;
  Hdf5Writer(FileSystem& fs, std::string dest, std::vector<Hdf5Column> columns);
  void append_rows(size_t column, const void* values, uint64_t rows);
  [[noreturn]] void fail(const std::string& doing);

  FileSystem& fs_;
  std::string dest_;
  std::string partial_;
  std::vector<Hdf5Column> columns_;
  std::unique_ptr<State> state_;
  bool finished_ = false;
};

}  // namespace penstock::io
