#include "models/classic/mean_shift.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "models/classic/neighbours.h"
#include "models/classic/sample.h"

namespace penstock::classic {
namespace {

constexpr double kArrived = 1e-3;  // of the bandwidth: scikit-learn's

struct Mode {
  std::vector<double> at;
  double weight = 0;
  /// Denser first; among equals the larger coordinates, as scikit-learn sorts them.
  bool operator<(const Mode& other) const { return std::tie(other.weight, other.at) < std::tie(weight, at); }
};

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return std::sqrt(sum);
}

void require_few(size_t starts, const MeanShiftOptions& options) {
  if (starts <= options.most_starts) return;
  throw Error(Code::kUsage, "mean shift would start from more than " + std::to_string(options.most_starts) + " places")
      .hint("a wider bandwidth with starts in bins, fewer dimensions (--pca), or k-means");
}

// Each row, or each cell of the grid that holds one. Less the shift.
std::vector<Mode> starts(Blocks& blocks, const MeanShiftOptions& options, const std::vector<float>& shift) {
  const size_t width = blocks.width();
  std::vector<Mode> out;
  std::map<std::vector<int64_t>, bool> cells;
  if (!options.binned) require_few(static_cast<size_t>(blocks.rows()), options);
  blocks.each([&](uint64_t, RowsView rows) {
    for (size_t i = 0; i < rows.rows; ++i) {
      const float* row = rows.row(i);
      std::vector<double> at(row, row + width);
      if (options.binned) {
        std::vector<int64_t> cell(width);
        for (size_t d = 0; d < width; ++d) cell[d] = static_cast<int64_t>(std::nearbyint(at[d] / options.bandwidth));
        if (!cells.emplace(cell, true).second) continue;
        for (size_t d = 0; d < width; ++d) at[d] = static_cast<double>(cell[d]) * options.bandwidth;
      }
      for (size_t d = 0; d < width; ++d) at[d] -= static_cast<double>(shift[d]);
      out.push_back({std::move(at), 0});
    }
    require_few(out.size(), options);
  });
  return out;
}

// One step of all modes that still move. Gives those that moved; a mode without a row around it ends with weight 0.
std::vector<size_t> step(HeldBlocks& held, Algebra& algebra, const MeanShiftOptions& options, std::vector<Mode>& modes,
                         const std::vector<size_t>& moving) {
  const size_t width = held.blocks().width(), m = moving.size();
  std::vector<float> rounded;
  for (const size_t i : moving) rounded.insert(rounded.end(), modes[i].at.begin(), modes[i].at.end());
  std::vector<double> sums(m * width), weights(m);
  held.each([&](uint64_t, const HeldRows& rows) {
    algebra.add_kernel_sums(rows, {rounded.data(), m, width}, options.bandwidth, options.kernel, sums, weights);
  });
  std::vector<size_t> still;
  for (size_t j = 0; j < m; ++j) {
    Mode& mode = modes[moving[j]];
    mode.weight = weights[j];
    if (weights[j] <= 0) continue;
    std::vector<double> now(width);
    for (size_t d = 0; d < width; ++d) now[d] = sums[j * width + d] / weights[j];
    if (distance(now, mode.at) > kArrived * options.bandwidth) still.push_back(moving[j]);
    mode.at = std::move(now);
  }
  return still;
}

std::vector<Mode> densest(std::vector<Mode> modes, double bandwidth) {
  std::sort(modes.begin(), modes.end());
  std::vector<Mode> kept;
  for (Mode& mode : modes) {
    if (mode.weight <= 0) continue;
    const bool taken = std::any_of(kept.begin(), kept.end(),
                                   [&](const Mode& other) { return distance(other.at, mode.at) <= bandwidth; });
    if (!taken) kept.push_back(std::move(mode));
  }
  return kept;
}

}  // namespace

MeanShiftResult mean_shift(Blocks& blocks, Algebra& algebra, const MeanShiftOptions& options) {
  if (!(options.bandwidth > 0) || std::isinf(options.bandwidth))
    throw Error(Code::kUsage, "mean shift needs a bandwidth above 0").hint("--bandwidth, in units of the features");
  if (blocks.rows() == 0) throw Error(Code::kUsage, "there are no rows to cluster");
  const size_t width = blocks.width();
  const ColumnMoments moments = column_moments(blocks, algebra);
  const std::vector<float> shift(moments.mean.begin(), moments.mean.end());
  std::vector<Mode> modes = starts(blocks, options, shift);
  HeldBlocks held(blocks, algebra, {.shift = shift, .norms = true});

  MeanShiftResult result{.starts = modes.size()};
  std::vector<size_t> moving(modes.size());
  for (size_t i = 0; i < moving.size(); ++i) moving[i] = i;
  while (!moving.empty() && result.iterations < options.max_iterations) {
    moving = step(held, algebra, options, modes, moving);
    ++result.iterations;
    if (options.on_step) options.on_step(result.iterations, moving.size(), modes.size());
  }
  for (const Mode& mode : densest(std::move(modes), options.bandwidth)) {
    for (size_t d = 0; d < width; ++d)
      result.centres.push_back(static_cast<float>(mode.at[d] + static_cast<double>(shift[d])));
    result.weights.push_back(mode.weight);
  }
  return result;
}

double estimate_bandwidth(Blocks& blocks, Algebra& algebra, double quantile, size_t most_rows, uint64_t seed) {
  PENSTOCK_CHECK(quantile > 0 && quantile <= 1);
  const std::vector<float> rows = sample_rows(blocks.source(), most_rows, seed, 0, "classic.bandwidth");
  const size_t width = blocks.width(), n = rows.size() / width;
  // A row is among its own neighbours there, and is not here.
  const auto k = static_cast<size_t>(static_cast<double>(n) * quantile);
  if (n < 2 || k < 2) return 0;
  MemoryRows source({rows.data(), n, width});
  double sum = 0;
  nearest_rows(source, source, algebra, {.k = k - 1},
               [&](uint64_t, std::span<const float> values, std::span<const int64_t>) {
                 for (size_t i = k - 2; i < values.size(); i += k - 1) sum += static_cast<double>(values[i]);
               });
  return sum / static_cast<double>(n);
}

}  // namespace penstock::classic
