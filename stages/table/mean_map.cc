#include "stages/table/mean_map.h"

namespace penstock::table {

namespace {

// `coarser` counts as `smoothing` rows.
double mean_of(const GroupSums& group, size_t without, double smoothing, double coarser) {
  uint64_t count = 0;
  double sum = 0;
  for (size_t f = 0; f < kFolds; ++f) {
    if (f == without) continue;
    count += group.count[f];
    sum += group.sum[f];
  }
  const double weight = static_cast<double>(count) + smoothing;
  return weight > 0 ? (sum + smoothing * coarser) / weight : coarser;
}

}  // namespace

MeanMap::MeanMap(const MeanFit& fit) : smoothing_(fit.smoothing), how_(fit.how), all_(fit.all), scale_(fit.scale) {
  for (auto level = fit.levels.rbegin(); level != fit.levels.rend(); ++level) levels_.emplace_back(*level);
}

void MeanMap::encode(std::span<const io::ColumnBlock* const> columns, size_t from, size_t count,
                     std::span<const uint64_t> rows, float* out, size_t stride) const {
  for (size_t i = 0; i < count; ++i) {
    const size_t without = how_ == How::kOutOfFold && !rows.empty() ? fold_of(rows[from + i]) : kFolds;
    double value = mean_of(all_, without, 0, 0);
    uint64_t key = 0;
    for (size_t k = 0; k < columns.size(); ++k) {
      key = join_hash(key, group_value(*columns[k], from + i));
      const GroupSums* group = levels_[k].find(key);
      if (group == nullptr) break;  // then no finer one was seen either
      value = mean_of(*group, without, smoothing_, value);
    }
    out[i * stride] = static_cast<float>(scaled(scale_, value));
  }
}

uint64_t MeanMap::bytes() const {
  uint64_t sum = 0;
  for (const GroupTable& level : levels_) sum += level.bytes();
  return sum;
}

}  // namespace penstock::table
