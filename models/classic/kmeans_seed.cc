#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/order/draws.h"
#include "models/classic/kmeans.h"

namespace penstock::classic {
namespace {

// Keeps the least distance to any centre so far, and the sum of them.
double nearer(std::span<const float> candidate, std::span<float> closest) {
  double potential = 0;
  for (size_t i = 0; i < closest.size(); ++i) {
    closest[i] = std::min(closest[i], candidate[i]);
    potential += static_cast<double>(closest[i]);
  }
  return potential;
}

double potential_with(std::span<const float> candidate, std::span<const float> closest) {
  double potential = 0;
  for (size_t i = 0; i < closest.size(); ++i) potential += static_cast<double>(std::min(closest[i], candidate[i]));
  return potential;
}

}  // namespace

std::vector<float> seed_centres(RowsView rows, Algebra& algebra, size_t k, uint64_t seed, size_t start) {
  PENSTOCK_CHECK(k > 0 && k <= rows.rows);
  const size_t n = rows.rows, width = rows.width;
  const auto tries = static_cast<size_t>(2 + std::log(static_cast<double>(k)));
  const auto held = algebra.hold(rows, {});
  std::vector<float> centres, points(tries * width), found(tries * n),
      closest(n, std::numeric_limits<float>::infinity());
  std::vector<double> running(n);
  const auto take = [&](size_t row) { centres.insert(centres.end(), rows.row(row), rows.row(row) + width); };

  Draws first(seed, start, 0, draw_key("classic.k-means++"));
  take(static_cast<size_t>(first.below(n)));
  algebra.distances(*held, {centres.data(), 1, width}, {found.data(), n});
  double potential = nearer({found.data(), n}, closest);
  for (size_t c = 1; c < k; ++c) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) running[i] = sum += static_cast<double>(closest[i]);
    Draws draws(seed, start, c, draw_key("classic.k-means++"));
    std::vector<size_t> candidates(tries);
    for (size_t t = 0; t < tries; ++t) {
      const double at = draws.uniform() * potential;
      // Where all rows lie on centres, any row: the centre stays empty, or is as good as another.
      const auto hit = potential > 0 ? std::upper_bound(running.begin(), running.end(), at) - running.begin()
                                     : static_cast<std::ptrdiff_t>(draws.below(n));
      candidates[t] = std::min(static_cast<size_t>(hit), n - 1);
      std::copy_n(rows.row(candidates[t]), width, points.data() + t * width);
    }
    algebra.distances(*held, {points.data(), tries, width}, found);
    size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t t = 0; t < tries; ++t) {
      const double with = potential_with({found.data() + t * n, n}, closest);
      if (with < least) {
        least = with;
        best = t;
      }
    }
    take(candidates[best]);
    potential = nearer({found.data() + best * n, n}, closest);
  }
  return centres;
}

}  // namespace penstock::classic
