#include "models/classic/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace penstock::classic::reference {

double squared_distance(const float* a, const float* b, size_t width) {
  double sum = 0;
  for (size_t d = 0; d < width; ++d) {
    const double x = static_cast<double>(a[d]) - static_cast<double>(b[d]);
    sum += x * x;
  }
  return sum;
}

double score(Metric metric, const float* query, const float* base, size_t width) {
  if (metric == Metric::kL2) return squared_distance(query, base, width);
  double qb = 0, qq = 0, bb = 0;
  for (size_t d = 0; d < width; ++d) {
    const double q = static_cast<double>(query[d]), b = static_cast<double>(base[d]);
    qb += q * b;
    qq += q * q;
    bb += b * b;
  }
  if (metric == Metric::kDot) return -qb;
  return qq > 0 && bb > 0 ? 1 - qb / std::sqrt(qq * bb) : 1;
}

Assigned assign(RowsView rows, RowsView centres) {
  Assigned out;
  out.sums.resize(centres.rows * centres.width);
  out.counts.resize(centres.rows);
  for (size_t i = 0; i < rows.rows; ++i) {
    double best = std::numeric_limits<double>::infinity();
    size_t label = 0;
    for (size_t c = 0; c < centres.rows; ++c) {
      const double distance2 = squared_distance(rows.row(i), centres.row(c), rows.width);
      if (distance2 < best) {
        best = distance2;
        label = c;
      }
    }
    out.labels.push_back(static_cast<int32_t>(label));
    out.distances2.push_back(best);
    out.inertia += best;
    for (size_t d = 0; d < rows.width; ++d) out.sums[label * rows.width + d] += static_cast<double>(rows.row(i)[d]);
    ++out.counts[label];
  }
  return out;
}

Neighbours nearest(RowsView queries, RowsView base, size_t k, Metric metric, int64_t self_first) {
  Neighbours out;
  for (size_t q = 0; q < queries.rows; ++q) {
    std::vector<std::pair<double, int64_t>> all;
    for (size_t b = 0; b < base.rows; ++b) {
      const auto id = static_cast<int64_t>(b);
      if (self_first >= 0 && id == self_first + static_cast<int64_t>(q)) continue;
      all.emplace_back(score(metric, queries.row(q), base.row(b), base.width), id);
    }
    std::sort(all.begin(), all.end());
    all.resize(k, {std::numeric_limits<double>::infinity(), -1});
    for (const auto& [score, id] : all) {
      out.scores.push_back(score);
      out.ids.push_back(id);
    }
  }
  return out;
}

std::vector<double> gram(RowsView rows, std::span<const float> shift) {
  const size_t width = rows.width;
  std::vector<double> out(width * width);
  for (size_t i = 0; i < rows.rows; ++i) {
    for (size_t r = 0; r < width; ++r) {
      const double x = static_cast<double>(rows.row(i)[r] - shift[r]);
      for (size_t c = 0; c < width; ++c) out[r * width + c] += x * static_cast<double>(rows.row(i)[c] - shift[c]);
    }
  }
  return out;
}

KernelSums kernel_sums(RowsView rows, RowsView modes, double bandwidth, ShiftKernel kernel) {
  KernelSums out;
  out.sums.resize(modes.rows * modes.width);
  out.weights.resize(modes.rows);
  for (size_t m = 0; m < modes.rows; ++m) {
    for (size_t i = 0; i < rows.rows; ++i) {
      const double distance2 = squared_distance(rows.row(i), modes.row(m), rows.width);
      const double weight = kernel == ShiftKernel::kFlat ? (distance2 <= bandwidth * bandwidth ? 1 : 0)
                                                         : std::exp(-0.5 * distance2 / (bandwidth * bandwidth));
      out.weights[m] += weight;
      for (size_t d = 0; d < rows.width; ++d)
        out.sums[m * rows.width + d] += weight * static_cast<double>(rows.row(i)[d]);
    }
  }
  return out;
}

}  // namespace penstock::classic::reference
