// Records of a CSV file, one after the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/file.h"

namespace penstock::io {

/// Reads RFC 4180: cells with commas, quotes or line breaks are quoted, a quote within is doubled; lines end in LF or CRLF. One record is
/// in memory, and one megabyte of the file. One thread.
class CsvReader {
 public:
  CsvReader(FileSystem& fs, const std::string& path) : file_(fs, path, OpenMode::kRead) {}

  /// The cells of the next record, good until the next call; false at the end of the file. Throws Error kData for a quote that
  /// is never closed and for records longer than 64 MiB.
  bool next(std::vector<std::string_view>& cells);
  /// Where the next record begins.
  uint64_t offset() const { return begin_ + at_; }
  void seek(uint64_t offset);
  const std::string& path() const { return file_.path(); }

 private:
  bool more();

  File file_;
  uint64_t begin_ = 0;  ///< of buffer_ in the file
  size_t at_ = 0;
  std::string buffer_;
  std::string unquoted_;
};

}  // namespace penstock::io
