#include "models/classic/kmeans.h"

#include <algorithm>
#include <numeric>

#include "models/classic/kmeans_fit.h"
#include "models/classic/sample.h"

namespace penstock::classic {
namespace {

void check(const Blocks& blocks, const KMeansOptions& options) {
  if (options.k == 0) throw Error(Code::kUsage, "k-means needs at least one cluster").hint("--k 1 or more");
  if (options.k > blocks.rows())
    throw Error(Code::kUsage, "cannot make " + std::to_string(options.k) + " clusters of " +
                                  std::to_string(blocks.rows()) + (blocks.rows() == 1 ? " row" : " rows"))
        .hint("--k at most the number of rows");
  if (!options.from.empty() && options.from.size() != options.k * blocks.width())
    throw Error(Code::kUsage, "the centres to start from hold " + std::to_string(options.from.size()) +
                                  " values, and " + std::to_string(options.k) + " centres of " +
                                  std::to_string(blocks.width()) + " values are " +
                                  std::to_string(options.k * blocks.width()))
        .hint("start from centres of the same features and the same k");
}

// What k-means++ looks at, less the mean.
std::vector<float> sample(const KMeansData& data, size_t start) {
  const size_t k = data.options.k;
  const size_t wanted = data.options.seeding_rows != 0 ? data.options.seeding_rows : std::max<size_t>(20'000, 64 * k);
  std::vector<float> out =
      sample_rows(data.blocks.source(), std::max(wanted, k), data.options.seed, start, "classic.sample");
  for (size_t i = 0; i < out.size(); ++i) out[i] -= data.mean[i % data.width()];
  return out;
}

std::vector<double> first_centres(const KMeansData& data, size_t start) {
  std::vector<double> out;
  if (!data.options.from.empty()) {
    for (size_t i = 0; i < data.options.from.size(); ++i)
      out.push_back(static_cast<double>(data.options.from[i]) - static_cast<double>(data.mean[i % data.width()]));
    return out;
  }
  const std::vector<float> rows = sample(data, start);
  const std::vector<float> seeds = seed_centres({rows.data(), rows.size() / data.width(), data.width()}, data.algebra,
                                                data.options.k, data.options.seed, start);
  out.assign(seeds.begin(), seeds.end());
  return out;
}

}  // namespace

std::vector<float> KMeansData::at_home(const std::vector<double>& centred) const {
  std::vector<float> out(centred.size());
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(centred[i] + static_cast<double>(mean[i % width()]));
  return out;
}

void KMeansData::report(size_t start, size_t iteration, double inertia, const std::vector<double>& centred) const {
  if (!options.on_step) return;
  const std::vector<float> centres = at_home(centred);
  options.on_step({.start = start, .iteration = iteration, .inertia = inertia, .centres = centres});
}

KMeansResult k_means(Blocks& blocks, Algebra& algebra, const KMeansOptions& options) {
  check(blocks, options);
  const ColumnMoments moments = column_moments(blocks, algebra);
  KMeansData data{.blocks = blocks, .algebra = algebra, .options = options};
  data.mean.assign(moments.mean.begin(), moments.mean.end());
  const double spread2 = std::accumulate(moments.variance.begin(), moments.variance.end(), 0.0);
  data.tolerance = options.tolerance * spread2 / static_cast<double>(data.width());
  data.shifted = far_from_zero(data.mean, spread2);
  if (!data.shifted) std::fill(data.mean.begin(), data.mean.end(), 0.0f);
  const size_t starts = options.from.empty() ? std::max<size_t>(1, options.n_init) : 1;
  KMeansResult best;
  for (size_t start = 0; start < starts; ++start) {
    KMeansResult result = options.mini_batch ? fit_mini_batch(data, start, first_centres(data, start))
                                             : fit_full(data, start, first_centres(data, start));
    if (start == 0 || result.inertia < best.inertia) best = std::move(result);
  }
  return best;
}

double assign_all(Blocks& blocks, Algebra& algebra, std::span<const float> centres,
                  const std::function<void(uint64_t, std::span<const int32_t>, std::span<const float>)>& body) {
  const size_t width = blocks.width(), k = centres.size() / width;
  // The middle of the centres: near enough to the middle of the rows for its purpose (see Intake::shift).
  std::vector<double> sum(width);
  for (size_t i = 0; i < centres.size(); ++i) sum[i % width] += static_cast<double>(centres[i]);
  std::vector<float> shift(width), shifted(centres.begin(), centres.end());
  for (size_t d = 0; d < width; ++d) shift[d] = static_cast<float>(sum[d] / static_cast<double>(k));
  double spread2 = 0;
  for (size_t i = 0; i < shifted.size(); ++i) {
    const auto x = static_cast<double>(shifted[i] - shift[i % width]);
    spread2 += x * x / static_cast<double>(k);
  }
  if (far_from_zero(shift, spread2)) {
    for (size_t i = 0; i < shifted.size(); ++i) shifted[i] -= shift[i % width];
  } else {
    shift.clear();
  }

  double inertia = 0;
  std::vector<int32_t> labels;
  std::vector<float> distances2;
  blocks.each([&](uint64_t first, RowsView rows) {
    labels.resize(rows.rows);
    distances2.resize(rows.rows);
    algebra.assign(*algebra.hold(rows, {.shift = shift}), first, {shifted.data(), k, width}, labels, distances2,
                   nullptr);
    for (const float d2 : distances2) inertia += static_cast<double>(d2);
    if (body) body(first, labels, distances2);
  });
  return inertia;
}

}  // namespace penstock::classic
