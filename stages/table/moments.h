// Count, mean and spread of a column and how it moves with the target, in parts that merge.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace penstock::table {

/// Of pairs (x, y): n, both means, sums of squared deviations and of their products. Merging is Chan, Golub and LeVeque's (1979). The result depends on the order of
/// merges in its last bits, so parts are merged in the order of the rows.
struct Moments {
  uint64_t count = 0;
  double mean = 0, spread = 0;      ///< of x: sum of (x - mean)^2
  double mean_y = 0, spread_y = 0;  ///< of y, likewise
  double both = 0;                  ///< sum of (x - mean) (y - mean_y)
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double x, double y) {
    ++count;
    const double n = static_cast<double>(count);
    const double dx = x - mean, dy = y - mean_y;
    mean += dx / n;
    mean_y += dy / n;
    spread += dx * (x - mean);
    spread_y += dy * (y - mean_y);
    both += dx * (y - mean_y);
    low = std::min(low, x);
    high = std::max(high, x);
  }

  void merge(const Moments& other) {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const auto a = static_cast<double>(count), b = static_cast<double>(other.count);
    const double dx = other.mean - mean, dy = other.mean_y - mean_y;
    const double share = b / (a + b);
    spread += other.spread + dx * dx * a * share;
    spread_y += other.spread_y + dy * dy * a * share;
    both += other.both + dx * dy * a * share;
    mean += dx * share;
    mean_y += dy * share;
    count += other.count;
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }

  /// Of the rows there are (not of what they are a sample of); 0 of none.
  double deviation() const { return count == 0 ? 0 : std::sqrt(spread / static_cast<double>(count)); }
  /// Pearson's; 0 where one of them is constant.
  double correlation() const {
    return spread > 0 && spread_y > 0 ? both / (std::sqrt(spread) * std::sqrt(spread_y)) : 0;
  }
};

}  // namespace penstock::table
