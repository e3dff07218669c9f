#include "models/classic/pca.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/classic/blas.h"

namespace penstock::classic {
namespace {

void check(const Blocks& blocks, size_t components) {
  const uint64_t most = std::min<uint64_t>(blocks.rows(), blocks.width());
  if (components == 0 || components > most || blocks.rows() < 2)
    throw Error(Code::kUsage, "cannot find " + std::to_string(components) + " principal components of " +
                                  std::to_string(blocks.rows()) + " rows of " + std::to_string(blocks.width()) +
                                  " values")
        .hint("1 to the lesser of rows and values, and at least two rows");
}

// Of two coefficients that are as large, the first decides.
bool largest_is_negative(std::span<const double> direction) {
  const auto largest = std::max_element(direction.begin(), direction.end(),
                                        [](double a, double b) { return std::abs(a) < std::abs(b); });
  return *largest < 0;
}

// Rows that are projected at once, so that what lies between needs no budget of its own to speak of.
constexpr size_t kRowsAtOnce = 4096;

}  // namespace

std::vector<float> PcaModel::directions() const {
  std::vector<float> out = components;
  if (!whiten) return out;
  for (size_t i = 0; i < out.size(); ++i) {
    const double v = variance[i / width];
    out[i] = v > 0 ? static_cast<float>(static_cast<double>(out[i]) / std::sqrt(v)) : 0.0f;
  }
  return out;
}

PcaModel fit_pca(Blocks& blocks, Algebra& algebra, size_t components, bool whiten) {
  check(blocks, components);
  const size_t width = blocks.width();
  const auto n = static_cast<double>(blocks.rows());
  // The middle of the first rows: what is left of the mean is taken out of the sums below.
  std::vector<float> shift(width);
  std::vector<double> gram(width * width), sum(width);
  blocks.each([&](uint64_t first, RowsView rows) {
    if (first == 0) {
      const size_t some = std::min(rows.rows, Blocks::kAlign);
      std::vector<double> middle(width);
      for (size_t i = 0; i < some * width; ++i) middle[i % width] += static_cast<double>(rows.data[i]);
      for (size_t d = 0; d < width; ++d) shift[d] = static_cast<float>(middle[d] / static_cast<double>(some));
    }
    algebra.add_gram(*algebra.hold(rows, {.shift = shift}), gram, sum);
  });
  double all = 0;
  for (size_t r = 0; r < width; ++r) {
    for (size_t c = 0; c < width; ++c) gram[r * width + c] = (gram[r * width + c] - sum[r] * sum[c] / n) / (n - 1);
    all += gram[r * width + r];
  }
  const std::vector<double> values = symmetric_eigen(gram, width);

  PcaModel model{.width = width, .whiten = whiten};
  for (size_t d = 0; d < width; ++d)
    model.mean.push_back(static_cast<float>(static_cast<double>(shift[d]) + sum[d] / n));
  for (size_t p = 0; p < components; ++p) {
    const size_t from = width - 1 - p;  // LAPACK's are ascending
    const std::span<const double> direction(gram.data() + from * width, width);
    const double sign = largest_is_negative(direction) ? -1 : 1;
    for (const double x : direction) model.components.push_back(static_cast<float>(sign * x));
    const double variance = std::max(0.0, values[from]);
    model.variance.push_back(variance);
    model.ratio.push_back(all > 0 ? variance / all : 0);
  }
  return model;
}

void ProjectedRows::read(uint64_t first, std::span<float> into) {
  const size_t p = model_.size(), rows = into.size() / p;
  raw_.resize(std::min(rows, kRowsAtOnce) * model_.width);
  for (size_t at = 0; at < rows; at += kRowsAtOnce) {
    const size_t some = std::min(kRowsAtOnce, rows - at);
    rows_.read(first + at, {raw_.data(), some * model_.width});
    const auto held = algebra_.hold({raw_.data(), some, model_.width}, {.shift = model_.mean});
    algebra_.project(*held, {directions_.data(), p, model_.width}, into.subspan(at * p, some * p));
  }
}

}  // namespace penstock::classic
