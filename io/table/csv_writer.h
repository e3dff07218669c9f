// Rows as CSV (RFC 4180), published whole.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/atomic_file.h"

namespace penstock::io {

/// Writes a header line and rows, CRLF-free ('\n'), cells quoted where they hold a comma, a quote or a line break. Nothing is at `path` before
/// finish(). Numbers are written shortest that read back the same. One thread. Faults are penstock::Error(kIo).
class CsvWriter {
 public:
  CsvWriter(FileSystem& fs, std::string path, std::span<const std::string> columns);

  CsvWriter& add(std::string_view text);
  CsvWriter& add(int64_t value);
  CsvWriter& add(double value);
  CsvWriter& add(float value);
  /// Ends the row. It must have as many cells as there are columns.
  void end_row();
  uint64_t rows() const { return rows_; }
  void finish();

 private:
  void separate();

  AtomicFile file_;
  size_t columns_;
  size_t cells_ = 0;
  uint64_t rows_ = 0;
  std::string line_;
};

}  // namespace penstock::io
