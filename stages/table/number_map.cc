#include "stages/table/number_map.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "stages/table/fit_state.h"
#include "stages/table/fixed_log.h"

namespace penstock::table {

double scaled(const ScaleFit& scale, double x) {
  if (scale.kind == Scale::kNone) return x;
  if (scale.kind == Scale::kStandard) return (x - scale.mean) / scale.deviation;
  // The middle of all knots that are equal to x, or between the two that it lies between.
  const auto& knots = scale.knots;
  const auto low = std::lower_bound(knots.begin(), knots.end(), x);
  const auto high = std::upper_bound(low, knots.end(), x);
  double place = 0;
  if (low != high) {
    place = (static_cast<double>(low - knots.begin()) + static_cast<double>(high - knots.begin() - 1)) / 2;
  } else if (low == knots.begin()) {
    place = 0;
  } else if (low == knots.end()) {
    place = static_cast<double>(knots.size() - 1);
  } else {
    place = static_cast<double>(low - knots.begin() - 1) + (x - *(low - 1)) / (*low - *(low - 1));
  }
  // Shares are spread evenly over 0..1: mean 1/2, deviation 1/sqrt(12).
  return (place / static_cast<double>(knots.size() - 1) - 0.5) * 3.4641016151377544;
}

NumberMap::NumberMap(const NumberFit& fit, io::ColumnType type) : fit_(fit) {
  filler_ = fit.fill == Fill::kNone ? std::numeric_limits<float>::quiet_NaN()
                                    : static_cast<float>(scaled(fit.scale, fit.filler));
  if (type == io::ColumnType::kReal) return;
  for (int64_t x = kSmallLow; x < kSmallHigh; ++x) small_.push_back(of(static_cast<double>(x)));
}

float NumberMap::of(double x) const {
  return std::isfinite(x) ? static_cast<float>(scaled(fit_.scale, shaped(x, fit_.log, fit_.clip))) : filler_;
}

uint64_t NumberMap::encode(const io::ColumnBlock& column, size_t from, size_t count, float* out, float* indicator,
                           size_t stride) const {
  uint64_t infinite = 0;
  const uint8_t* missing = column.missing.empty() ? nullptr : column.missing.data() + from;
  if (column.type == io::ColumnType::kReal) {
    const double* x = column.reals.data() + from;
    const bool plain = !fit_.log && fit_.clip.empty() && fit_.scale.kind != Scale::kQuantile;
    const bool moves = fit_.scale.kind == Scale::kStandard;
    const double mean = moves ? fit_.scale.mean : 0, deviation = moves ? fit_.scale.deviation : 1;
    for (size_t i = 0; i < count; ++i) {
      const float y = plain ? static_cast<float>((x[i] - mean) / deviation) : of(x[i]);
      out[i * stride] = std::isfinite(x[i]) ? y : filler_;
      infinite += std::isinf(x[i]) ? 1 : 0;
    }
  } else {
    const int64_t* x = column.ints.data() + from;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t place = static_cast<uint64_t>(x[i]) - static_cast<uint64_t>(kSmallLow);
      out[i * stride] = place < small_.size() ? small_[place] : of(static_cast<double>(x[i]));
    }
  }
  if (missing != nullptr)
    for (size_t i = 0; i < count; ++i)
      if (missing[i] != 0) out[i * stride] = filler_;
  if (indicator == nullptr) return infinite;
  for (size_t i = 0; i < count; ++i) {
    const bool none = (missing != nullptr && missing[i] != 0) ||
                      (column.type == io::ColumnType::kReal && !std::isfinite(column.reals[from + i]));
    indicator[i * stride] = none ? 1 : 0;
  }
  return infinite;
}

bool NumberMap::encode(const io::StoredColumn& column, const StoredTile& tile, float* out, float* indicator,
                       size_t stride) const {
  if (small_.empty() || column.type == io::ColumnType::kReal) return false;
  PENSTOCK_CHECK(tile.count <= kMostTile);
  const bool are_ints = with_ints(column, tile, [&](const auto* values, auto place) {
    // Those that are not looked up wait in a list: no branch here that half of a wide column's values would take.
    uint16_t large[kMostTile];
    size_t count = 0;
    for (size_t i = 0; i < tile.count; ++i) {
      const uint64_t at = static_cast<uint64_t>(int64_t{values[place(i)]}) - static_cast<uint64_t>(kSmallLow);
      const bool is_small = at < kSmallHigh - kSmallLow;
      out[i * stride] = small_[is_small ? at : 0];
      large[count] = static_cast<uint16_t>(i);
      count += is_small ? 0 : 1;
    }
    const bool plain = fit_.log && fit_.clip.empty() && fit_.scale.kind == Scale::kStandard;
    const double mean = fit_.scale.mean, deviation = fit_.scale.deviation;
    if (!plain)
      for (size_t k = 0; k < count; ++k) out[large[k] * stride] = of(static_cast<double>(values[place(large[k])]));
    else  // of() without its questions: many of these go through the CPU at once
      for (size_t k = 0; k < count; ++k)
        out[large[k] * stride] =
            static_cast<float>((signed_log1p(static_cast<double>(values[place(large[k])])) - mean) / deviation);
  });
  if (!are_ints) return false;
  each_missing(column, tile, [&](size_t i) { out[i * stride] = filler_; });
  if (indicator == nullptr) return true;
  for (size_t i = 0; i < tile.count; ++i) indicator[i * stride] = 0;
  each_missing(column, tile, [&](size_t i) { indicator[i * stride] = 1; });
  return true;
}

}  // namespace penstock::table
