#include "io/table/feature_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"

namespace penstock::io {

void FeatureTable::note_fault(FeatureFault fault) {
  ++faults_;
  if (listed_.size() < kFaultsListed) listed_.push_back(std::move(fault));
}

void FeatureTable::read(uint64_t first, std::span<float> into) {
  read_values(first, into);
  // Squared distances between rows are at most four times the larger squared length.
  const float most = std::sqrt(std::numeric_limits<float>::max() / (4.0F * static_cast<float>(width_)));
  const auto bad = std::find_if(into.begin(), into.end(), [most](float x) { return !(std::abs(x) <= most); });
  if (bad == into.end()) return;
  const auto at = static_cast<size_t>(bad - into.begin());
  FeatureName name;
  read_names(first + at / width_, {&name, 1});
  throw Error(Code::kData, "'" + path_ + "': feature " + std::to_string(at % width_) + " of the row with id " +
                               std::to_string(name.id) + (name.file.empty() ? "" : " ('" + name.file + "')") + " is " +
                               (std::isnan(*bad)   ? "no number"
                                : std::isinf(*bad) ? "infinite"
                                                   : "too large: distances between such rows overflow f32"))
      .hint("the model that wrote it gave it so: look at that record, or leave its row out of the file");
}

std::unique_ptr<FeatureTable> open_features(const std::string& path, FileSystem& fs) {
  if (!path.ends_with(".csv") && !path.ends_with(".h5"))
    throw Error(Code::kUsage, "'" + path + "' ends neither in .h5 nor in .csv")
        .hint("features come from: penstock infer MODEL --data DATA --features LAYER --out FILE.h5");
  if (!fs.exists(path)) throw Error(Code::kUsage, "there is no file '" + path + "'").hint("check the path");
  if (fs.is_folder(path)) throw Error(Code::kUsage, "'" + path + "' is a folder").hint("name the file of features");
  return path.ends_with(".csv") ? open_csv_features(path, fs) : open_hdf5_features(path, fs);
}

}  // namespace penstock::io
