// Lloyd's iterations over all rows.
#include <algorithm>
#include <numeric>

#include "models/classic/kmeans_fit.h"

namespace penstock::classic {
namespace {

// The rows that are farthest from their centres, as many as there are centres: what empty clusters are given.
class Farthest {
 public:
  struct Row {
    float distance2 = 0;
    uint64_t number = 0;
    int32_t label = 0;
    /// Farther first; among equals the lower number.
    bool operator<(const Row& other) const {
      return distance2 != other.distance2 ? distance2 > other.distance2 : number < other.number;
    }
  };
  explicit Farthest(size_t most) : most_(most) {}

  void add(uint64_t first, std::span<const int32_t> labels, std::span<const float> distances2) {
    for (size_t i = 0; i < labels.size(); ++i) {
      if (distances2[i] <= least_) continue;
      rows_.push_back({distances2[i], first + i, labels[i]});
      if (rows_.size() == 2 * most_) thin();
    }
  }
  std::vector<Row> sorted() {
    std::sort(rows_.begin(), rows_.end());
    rows_.resize(std::min(rows_.size(), most_));
    return rows_;
  }

 private:
  // Rows come in ascending order: one that is as far as the last that is kept comes after it anyway.
  void thin() {
    std::nth_element(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(most_ - 1), rows_.end());
    rows_.resize(most_);
    least_ = rows_.back().distance2;
  }
  size_t most_;
  float least_ = 0;
  std::vector<Row> rows_;
};

// Takes the farthest rows out of their clusters and makes each an empty cluster's own. Returns how many stay empty.
size_t fill_empty(const KMeansData& data, Farthest& farthest, std::vector<double>& sums,
                  std::vector<uint64_t>& counts) {
  const auto empty = static_cast<size_t>(std::count(counts.begin(), counts.end(), 0u));
  if (empty == 0) return 0;
  const size_t width = data.width();
  std::vector<float> row(width);
  size_t filled = 0, c = 0;
  for (const Farthest::Row& far : farthest.sorted()) {
    if (filled == empty) break;
    const auto label = static_cast<size_t>(far.label);
    if (counts[label] <= 1) continue;  // it would only be empty in turn
    while (counts[c] != 0) ++c;
    data.blocks.source().read(far.number, row);
    for (size_t d = 0; d < width; ++d) {
      const auto x = static_cast<double>(row[d] - data.mean[d]);
      sums[label * width + d] -= x;
      sums[c * width + d] = x;
    }
    --counts[label];
    counts[c] = 1;
    ++filled;
  }
  return empty - filled;
}

}  // namespace

KMeansResult fit_full(const KMeansData& data, size_t start, std::vector<double> centres) {
  const size_t width = data.width(), k = data.options.k;
  HeldBlocks held(data.blocks, data.algebra, data.intake());
  const auto sums = data.algebra.make_sums(k, width);
  std::vector<double> total(k * width);
  std::vector<uint64_t> counts(k);
  std::vector<int32_t> labels;
  std::vector<float> distances2, rounded(k * width);
  KMeansResult result;
  double moved2 = 1;
  for (size_t i = 1; i <= data.options.max_iterations && !result.converged; ++i) {
    std::copy(centres.begin(), centres.end(), rounded.begin());
    sums->clear();
    Farthest farthest(k);
    double inertia = 0;
    held.each([&](uint64_t first, const HeldRows& rows) {
      labels.resize(rows.rows());
      distances2.resize(rows.rows());
      data.algebra.assign(rows, first, {rounded.data(), k, width}, labels, distances2, sums.get());
      for (const float d2 : distances2) inertia += static_cast<double>(d2);
      farthest.add(first, labels, distances2);
    });
    sums->read(total, counts);
    result.empty = fill_empty(data, farthest, total, counts);
    moved2 = 0;
    for (size_t j = 0; j < centres.size(); ++j) {
      const uint64_t count = counts[j / width];
      if (count == 0) continue;
      const double now = total[j] / static_cast<double>(count);
      moved2 += (now - centres[j]) * (now - centres[j]);
      centres[j] = now;
    }
    result.converged = moved2 <= data.tolerance;
    result.iterations = i;
    result.history.push_back(inertia);
    data.report(start, i, inertia, centres);
  }
  result.centres = data.at_home(centres);
  // Centres that did not move at all were measured by the last pass.
  result.inertia = moved2 == 0 ? result.history.back() : assign_all(data.blocks, data.algebra, result.centres);
  return result;
}

}  // namespace penstock::classic
