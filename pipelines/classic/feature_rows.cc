#include "pipelines/classic/feature_rows.h"

#include "engine/base/error.h"

namespace penstock::classic {

FeatureRows::FeatureRows(const std::string& path, io::FileSystem& fs) : table_(io::open_features(path, fs)) {
  if (table_->rows() > 0) return;
  const uint64_t faults = table_->faults();
  throw Error(Code::kData, "'" + path + "' has no row with features" +
                               (faults > 0 ? ": all " + std::to_string(faults) + " hold an error" : std::string()))
      .hint(faults > 0 ? "its column 'error' says why" : "nothing was predicted into it");
}

void FeatureRows::read(uint64_t first, std::span<float> into) {
  const std::lock_guard lock(mutex_);
  table_->read(first, into);
}

std::vector<int64_t> FeatureRows::ids(uint64_t first, size_t count) {
  const std::lock_guard lock(mutex_);
  std::vector<int64_t> out(count);
  table_->read_ids(first, out);
  return out;
}

std::vector<io::FeatureName> FeatureRows::names(uint64_t first, size_t count) {
  const std::lock_guard lock(mutex_);
  std::vector<io::FeatureName> out(count);
  table_->read_names(first, out);
  return out;
}

std::vector<std::string> fault_lines(const io::FeatureTable& table) {
  constexpr size_t kShown = 3;
  std::vector<std::string> lines;
  for (const io::FeatureFault& fault : table.listed_faults()) {
    if (lines.size() == kShown) break;
    lines.push_back("left out: id " + std::to_string(fault.id) + (fault.file.empty() ? "" : " (" + fault.file + ")") +
                    ": " + fault.error);
  }
  if (table.faults() > kShown) lines.push_back("left out: " + std::to_string(table.faults() - kShown) + " more rows");
  return lines;
}

}  // namespace penstock::classic
