#include "pipelines/train/peak_memory.h"

#include <sys/resource.h>

#include <algorithm>

#include <nlohmann/json.hpp>

namespace penstock::train {

uint64_t peak_rss_bytes(io::FileSystem& fs, const RunPaths& paths) {
  rusage use = {};
  getrusage(RUSAGE_SELF, &use);
  const uint64_t now = static_cast<uint64_t>(use.ru_maxrss) * 1024;
  if (!fs.exists(paths.report())) return now;
  const auto before = nlohmann::json::parse(io::read_file(fs, paths.report()), nullptr, /*allow_exceptions=*/false);
  if (!before.is_object() || !before.contains("peak_rss_bytes") || !before["peak_rss_bytes"].is_number_unsigned())
    return now;
  return std::max(now, before["peak_rss_bytes"].get<uint64_t>());
}

}  // namespace penstock::train
