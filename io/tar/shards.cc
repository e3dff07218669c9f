#include <fnmatch.h>

#include <algorithm>
#include <cctype>

#include "engine/base/error.h"
#include "io/tar/tar_dataset.h"

namespace penstock::io {
namespace {

constexpr size_t kMostShards = 1 << 20;

bool all_digits(const std::string& text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// {000..127}: as many digits as the first has. {a,b,c}: each.
std::vector<std::string> choices(const std::string& inside, const std::string& pattern) {
  std::vector<std::string> out;
  const size_t dots = inside.find("..");
  if (dots != std::string::npos) {
    const std::string first = inside.substr(0, dots), last = inside.substr(dots + 2);
    if (!all_digits(first) || !all_digits(last) || std::stoul(last) < std::stoul(first) ||
        std::stoul(last) - std::stoul(first) >= kMostShards)
      throw Error(Code::kUsage, "'{" + inside + "}' in '" + pattern + "' is no range")
          .hint("write {000..127}: two whole numbers, the smaller first");
    for (size_t i = std::stoul(first); i <= std::stoul(last); ++i) {
      std::string digits = std::to_string(i);
      digits.insert(0, digits.size() < first.size() ? first.size() - digits.size() : 0, '0');
      out.push_back(digits);
    }
    return out;
  }
  for (size_t at = 0; at <= inside.size();) {
    const size_t end = std::min(inside.find(',', at), inside.size());
    out.push_back(inside.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::vector<std::string> expand(const std::string& pattern) {
  const size_t open = pattern.find('{'), close = pattern.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {pattern};
  std::vector<std::string> out;
  for (const std::string& choice : choices(pattern.substr(open + 1, close - open - 1), pattern)) {
    for (std::string& whole : expand(pattern.substr(0, open) + choice + pattern.substr(close + 1)))
      out.push_back(std::move(whole));
  }
  return out;
}

}  // namespace

bool is_pattern(const std::string& path) { return path.find_first_of("*?[{") != std::string::npos; }

std::vector<std::string> shards_of(FileSystem& fs, const std::string& pattern) {
  if (fs.exists(pattern)) return {pattern};
  std::vector<std::string> out;
  for (const std::string& path : expand(pattern)) {
    if (path.find_first_of("*?[") == std::string::npos) {
      if (!fs.exists(path))
        throw Error(Code::kUsage, "there is no '" + path + "', which '" + pattern + "' names").hint("check the range");
      out.push_back(path);
      continue;
    }
    const std::string folder = parent_of(path), name = base_name(path);
    if (!fs.exists(folder)) continue;
    for (const FolderEntry& entry : fs.list(folder)) {
      if (entry.kind == FileKind::kFile && ::fnmatch(name.c_str(), entry.name.c_str(), FNM_PERIOD) == 0)
        out.push_back(join_path(folder, entry.name));
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.empty())
    throw Error(Code::kUsage, "no file matches '" + pattern + "'")
        .hint("quote the pattern, so that the shell leaves it alone: --data 'shards/train-*.tar'");
  return out;
}

}  // namespace penstock::io
