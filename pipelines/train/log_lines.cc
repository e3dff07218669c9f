#include "pipelines/train/log_lines.h"

#include "io/file/atomic_file.h"

namespace penstock::train {

std::vector<std::string> log_lines(io::FileSystem& fs, const std::string& path) {
  std::vector<std::string> out;
  if (!fs.exists(path)) return out;
  const std::string text = io::read_file(fs, path);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace penstock::train
