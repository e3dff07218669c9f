// Labels that lie beside a data set: a CSV, ImageNet's CSV of validation labels, or ImageNet's development kit.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

/// Which kind it is, is seen from its first line:
///   - `file,label` or `file,class`, with or without a header line, one line a picture; quoting as in RFC 4180. `file` is the path relative to
///     the data set's folder. Where every second column is a whole number it is the label; else it is a class name, and classes are numbered in sorted order.
///   - header `ImageId,PredictionString` (LOC_val_solution.csv): the name without its ending; the class is the first word of what follows (boxes stand behind it).
///   - a number and nothing else (ILSVRC2012_validation_ground_truth.txt): line i is for the picture whose name ends in the number i. The numbers are the development
///     kit's own; meta.mat beside the file says which class (WordNet id) each is, as in the names of the training set's folders.
struct LabelFile {
  enum class Keys {
    kFile,    ///< the path
    kStem,    ///< its last part without the ending
    kNumber,  ///< the number that the stem ends in
  };
  std::vector<std::string> classes;                 ///< sorted; empty where labels are numbers
  std::unordered_map<std::string, int64_t> labels;  ///< by key_of(file)
  Keys keys = Keys::kFile;
  /// Throws kIo where it cannot be read; kUsage with the line number where a line is wrong or a file is named twice.
  static LabelFile open(FileSystem& fs, const std::string& path);
  /// The key of a picture's name; "" where it has none.
  std::string key_of(std::string_view name) const;
};

/// What a label file says of each record of a data set.
struct GivenLabels {
  std::vector<std::string>
      classes;  ///< where labels are numbers, and nothing to match them with was given: the numbers from 0 on
  std::vector<int64_t> labels;  ///< of each record; -1: not known
  std::string note;             ///< how many the file does not name; "" where it names all
  /// The fingerprint of the data set with these labels, where `data` is that of the one without.
  uint64_t fingerprint(uint64_t data) const;
};
/// `name_of(id)` names each of the `records` of the data set at `data`; `classes` are to be matched by name where they are not empty. Throws as LabelFile::open, and kUsage where the file names pictures that are not there.
GivenLabels read_labels(FileSystem& fs, const std::string& path, const std::string& data, uint64_t records,
                        const std::function<std::string(uint64_t)>& name_of, std::span<const std::string> classes);

/// The cells of one CSV line that starts at `text`; advances `text` behind the line. Quoted cells may span lines. Throws kUsage on a quote that does not close.
std::vector<std::string> take_csv_line(std::string_view& text);

}  // namespace penstock::io
