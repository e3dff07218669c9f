// Labels of a flat folder, from a CSV.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

/// `file,label` or `file,class`, with or without a header line, one line a picture; quoting as in RFC 4180. `file` is the path relative to the
/// data set's folder. Where every second column is a whole number it is the label; else it is a class name, and classes are numbered in sorted order.
struct LabelFile {
  std::vector<std::string> classes;                 ///< empty where labels are numbers
  std::unordered_map<std::string, int64_t> labels;  ///< by file
  /// Throws kIo where it cannot be read; kUsage with the line number where a line is wrong or a file is named twice.
  static LabelFile open(FileSystem& fs, const std::string& path);
};

/// The cells of one CSV line that starts at `text`; advances `text` behind the line. Quoted cells may span lines. Throws kUsage on a quote that does not close.
std::vector<std::string> take_csv_line(std::string_view& text);

}  // namespace penstock::io
