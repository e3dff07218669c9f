#include "io/data/label_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include "engine/base/error.h"
#include "io/data/synsets.h"
#include "io/file/checksum.h"
#include "io/file/file.h"

namespace penstock::io {
namespace {

constexpr int64_t kMostNumbers = 1 << 24;  // as classes

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_header(const std::vector<std::string>& cells) {
  static const std::set<std::string> kNames{"file", "filename", "file_name", "path", "image", "name", "id"};
  std::string first = cells[0];
  std::transform(first.begin(), first.end(), first.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return kNames.contains(first);
}

Error wrong_line(const std::string& path, size_t line, const std::string& what) {
  return Error(Code::kUsage, "'" + path + "' line " + std::to_string(line) + ": " + what)
      .hint("expected `file,label` or `file,class`");
}

}  // namespace

std::vector<std::string> take_csv_line(std::string_view& text) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cells.back() += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cells.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      cells.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r' || (i + 1 < text.size() && text[i + 1] != '\n')) {
      cells.back() += c;
    }
  }
  if (quoted) throw Error(Code::kUsage, "a quote does not close");
  text.remove_prefix(std::min(i + 1, text.size()));
  return cells;
}

namespace {

struct Row {
  std::string key, value;
};

// The rows of a CSV; each key once.
std::vector<Row> csv_rows(const std::string& path, std::string_view text, bool solution) {
  std::vector<Row> rows;
  std::unordered_map<std::string, size_t> lines;
  for (size_t line = 1; !text.empty(); ++line) {
    std::vector<std::string> cells;
    try {
      cells = take_csv_line(text);
    } catch (const Error& e) { throw wrong_line(path, line, e.message()); }
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (cells.size() < 2) throw wrong_line(path, line, "one column only");
    if (line == 1 && (solution || is_header(cells))) continue;
    if (!lines.emplace(cells[0], line).second) {
      throw wrong_line(path, line, "'" + cells[0] + "' stands in line " + std::to_string(lines[cells[0]]) + " already");
    }
    if (solution) {
      cells[1].resize(std::min(cells[1].find(' '), cells[1].size()));
      if (cells[1].empty()) throw wrong_line(path, line, "there is no class");
    }
    rows.push_back({std::move(cells[0]), std::move(cells[1])});
  }
  return rows;
}

// One number a line, as classes of meta.mat.
std::vector<Row> devkit_rows(FileSystem& fs, const std::string& path, std::string_view text) {
  const std::string meta = join_path(parent_of(path), "meta.mat");
  if (!fs.exists(meta)) {
    throw Error(Code::kUsage, "'" + path +
                                  "' numbers its classes as ImageNet's development kit does, and there is no '" + meta +
                                  "' that says which they are")
        .hint("copy meta.mat from the kit's folder data/ beside it");
  }
  const std::vector<std::string> synsets = read_synsets(meta);
  std::vector<Row> rows;
  for (size_t line = 1; !text.empty(); ++line) {
    const std::vector<std::string> cells = take_csv_line(text);
    if (cells.size() == 1 && cells[0].empty() && text.empty()) break;
    const auto number = cells.size() == 1 ? whole_number(cells[0]) : std::nullopt;
    if (!number || *number < 1 || static_cast<uint64_t>(*number) > synsets.size()) {
      throw Error(Code::kUsage, "'" + path + "' line " + std::to_string(line) + ": expected a number from 1 to " +
                                    std::to_string(synsets.size()) + ", as many classes as '" + meta + "' has")
          .hint("use the two files of one development kit");
    }
    rows.push_back({std::to_string(line), synsets[static_cast<size_t>(*number) - 1]});
  }
  return rows;
}

}  // namespace

LabelFile LabelFile::open(FileSystem& fs, const std::string& path) {
  const std::string all = read_file(fs, path);
  std::string_view text = all;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::string_view head = text.substr(0, text.find('\n'));
  if (head.ends_with('\r')) head.remove_suffix(1);
  LabelFile out;
  if (head == "ImageId,PredictionString") out.keys = Keys::kStem;
  if (whole_number(head)) out.keys = Keys::kNumber;
  std::vector<Row> rows =
      out.keys == Keys::kNumber ? devkit_rows(fs, path, text) : csv_rows(path, text, out.keys == Keys::kStem);
  const bool numbers = std::all_of(rows.begin(), rows.end(), [](const Row& row) { return whole_number(row.value); });
  if (!numbers) {
    std::set<std::string> names;
    for (const Row& row : rows) names.insert(row.value);
    out.classes.assign(names.begin(), names.end());
  }
  for (Row& row : rows) {
    const int64_t label =
        numbers ? *whole_number(row.value)
                : std::lower_bound(out.classes.begin(), out.classes.end(), row.value) - out.classes.begin();
    out.labels.emplace(std::move(row.key), label);
  }
  return out;
}

std::string LabelFile::key_of(std::string_view name) const {
  if (keys == Keys::kFile) return std::string(name);
  name.remove_prefix(std::min(name.rfind('/') + 1, name.size()));
  name = name.substr(0, name.rfind('.'));
  if (keys == Keys::kStem) return std::string(name);
  name.remove_prefix(name.find_last_not_of("0123456789") + 1);
  name.remove_prefix(std::min(name.find_first_not_of('0'), name.size()));
  return std::string(name);
}

uint64_t GivenLabels::fingerprint(uint64_t data) const {
  Checksum sum;
  sum.add(data);
  for (const int64_t label : labels) sum.add(static_cast<uint64_t>(label));
  return sum.value();
}

GivenLabels read_labels(FileSystem& fs, const std::string& path, const std::string& data, uint64_t records,
                        const std::function<std::string(uint64_t)>& name_of, std::span<const std::string> classes) {
  LabelFile file = LabelFile::open(fs, path);
  GivenLabels out{.classes = std::move(file.classes), .labels = {}, .note = {}};
  out.labels.reserve(records);
  uint64_t unlabelled = 0;
  std::unordered_set<std::string> unseen;
  for (const auto& entry : file.labels) unseen.insert(entry.first);
  for (uint64_t id = 0; id < records; ++id) {
    const std::string key = file.key_of(name_of(id));
    const auto found = file.labels.find(key);
    out.labels.push_back(found == file.labels.end() ? -1 : found->second);
    unlabelled += found == file.labels.end();
    unseen.erase(key);
  }
  if (out.classes.empty() && classes.empty() && !out.labels.empty()) {
    const auto [least, most] = std::minmax_element(out.labels.begin(), out.labels.end());
    if (*least >= -1 && *most < kMostNumbers) {
      for (int64_t c = 0; c <= *most; ++c) out.classes.push_back(std::to_string(c));
    }
  }
  if (unlabelled > 0) out.note = std::to_string(unlabelled) + " pictures have no line in '" + path + "' (label -1)";
  // A list by number has a line for every picture of the set that it was made for, also where this is a part of it.
  if (!unseen.empty() && (file.keys != LabelFile::Keys::kNumber || unlabelled == records)) {
    throw Error(Code::kUsage, "'" + path + "' names " + std::to_string(unseen.size()) + " files that are not in '" +
                                  data + "', one of them '" + *unseen.begin() + "'")
        .hint(file.keys == LabelFile::Keys::kFile   ? "names in it are relative to the data set's folder"
              : file.keys == LabelFile::Keys::kStem ? "names in it are those of the pictures without their endings"
                                                    : "its line i is for the picture whose name ends in the number i");
  }
  return out;
}

}  // namespace penstock::io
