#include "stages/table/quantiles.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

namespace penstock::table {

void Quantiles::add(double value) {
  if (levels_.empty()) levels_.resize(1);
  levels_[0].values.push_back(value);
  ++count_;
  if (levels_[0].values.size() > 2 * kWidth) settle(0);
}

void Quantiles::merge(const Quantiles& other) {
  if (levels_.size() < other.levels_.size()) levels_.resize(other.levels_.size());
  for (size_t h = 0; h < other.levels_.size(); ++h)
    levels_[h].values.insert(levels_[h].values.end(), other.levels_[h].values.begin(), other.levels_[h].values.end());
  count_ += other.count_;
  for (size_t h = 0; h < levels_.size(); ++h) settle(h);
}

void Quantiles::settle(size_t level) {
  for (size_t h = level; h < levels_.size() && levels_[h].values.size() > 2 * kWidth; ++h) {
    if (h + 1 == levels_.size()) levels_.emplace_back();
    std::vector<double>& values = levels_[h].values;
    std::sort(values.begin(), values.end());
    // Of an odd number the largest stays behind, so that weights add up to the count.
    const size_t pairs = values.size() / 2;
    std::vector<double>& above = levels_[h + 1].values;
    for (size_t i = 0; i < pairs; ++i) above.push_back(values[2 * i + (levels_[h].odd ? 1 : 0)]);
    levels_[h].odd = !levels_[h].odd;
    const double last = values.back();
    const bool stays = values.size() % 2 == 1;
    values.clear();
    if (stays) values.push_back(last);
  }
}

uint64_t Quantiles::error() const {
  if (count_ <= 2 * kWidth) return 0;
  return count_ * static_cast<uint64_t>(std::bit_width(count_ / kWidth)) / (2 * kWidth);
}

std::vector<double> Quantiles::at(std::span<const double> shares) const {
  std::vector<std::pair<double, uint64_t>> all;
  for (size_t h = 0; h < levels_.size(); ++h)
    for (const double value : levels_[h].values) all.emplace_back(value, uint64_t{1} << h);
  std::sort(all.begin(), all.end());
  std::vector<double> out;
  size_t i = 0;
  uint64_t before = 0;  // values ahead of all[i]
  for (const double share : shares) {
    if (all.empty()) {
      out.push_back(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const double rank = share * static_cast<double>(count_ - 1);
    while (i + 1 < all.size() && static_cast<double>(before + all[i].second) <= rank) before += all[i++].second;
    const double within = rank - static_cast<double>(before + all[i].second - 1);  // above 0: between this and the next
    if (within > 0 && i + 1 < all.size())
      out.push_back(all[i].first + within * (all[i + 1].first - all[i].first));
    else
      out.push_back(all[i].first);
  }
  return out;
}

double Quantiles::median() const {
  const std::array<double, 1> half = {0.5};
  return at(half)[0];
}

uint64_t Quantiles::bytes() const {
  uint64_t sum = 0;
  for (const Level& level : levels_) sum += level.values.capacity() * sizeof(double);
  return sum;
}

}  // namespace penstock::table
