#include "io/data/label_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "engine/base/error.h"
#include "io/file/file.h"

namespace penstock::io {
namespace {

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

LabelFile LabelFile::open(FileSystem& fs, const std::string& path) {
  const std::string all = read_file(fs, path);
  std::string_view text = all;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::pair<std::string, std::string>> rows;
  std::unordered_map<std::string, int64_t> lines;
  bool numbers = true;
  for (size_t line = 1; !text.empty(); ++line) {
    std::vector<std::string> cells;
    try {
      cells = take_csv_line(text);
    } catch (const Error& e) { throw wrong_line(path, line, e.message()); }
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (cells.size() < 2) throw wrong_line(path, line, "one column only");
    if (line == 1 && is_header(cells)) continue;
    if (!lines.emplace(cells[0], line).second) {
      throw wrong_line(path, line, "'" + cells[0] + "' stands in line " + std::to_string(lines[cells[0]]) + " already");
    }
    numbers = numbers && whole_number(cells[1]).has_value();
    rows.emplace_back(std::move(cells[0]), std::move(cells[1]));
  }
  LabelFile out;
  if (!numbers) {
    std::set<std::string> names;
    for (const auto& row : rows) names.insert(row.second);
    out.classes.assign(names.begin(), names.end());
  }
  for (auto& [file, value] : rows) {
    const int64_t label = numbers
                              ? *whole_number(value)
                              : std::lower_bound(out.classes.begin(), out.classes.end(), value) - out.classes.begin();
    out.labels.emplace(std::move(file), label);
  }
  return out;
}

}  // namespace penstock::io
