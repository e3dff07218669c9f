// Second moments, sums under a kernel, projections.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "models/classic/blas.h"
#include "models/classic/cpu_algebra.h"
#include "models/classic/kernels.h"

namespace penstock::classic {
namespace {

constexpr size_t kTileRows = 512;
constexpr size_t kTileModes = 32;
// Grams that are made at once, each of (width, width), before they are added up in order: two a core, since memory that is used again
// is in the cache and fresh memory costs a fault a page.
constexpr size_t kGramBytes = size_t{256} << 20;
constexpr size_t kGramsPerCore = 2;

struct Gram {
  std::vector<double> rows;     ///< (kGramRows, width)
  std::vector<double> product;  ///< (width, width), the upper half
  std::vector<double> sum;      ///< (width)
};

void make_gram(const CpuRows& rows, size_t first, size_t count, float* room, Gram& out) {
  const size_t width = rows.width();
  const float* tile = rows.tile(first, count, room);
  std::fill(out.sum.begin(), out.sum.end(), 0.0);
  std::array<uint32_t, Algebra::kGramRows> all{};
  std::iota(all.begin(), all.end(), 0u);
  add_rows(tile, {all.data(), count}, width, out.sum.data());
  std::copy_n(tile, count * width, out.rows.data());
  syrk(width, count, out.rows.data(), out.product.data());
}

}  // namespace

void CpuAlgebra::add_moments(const HeldRows& held, std::span<double> sum, std::span<double> sum2) {
  const auto& rows = static_cast<const CpuRows&>(held);
  const size_t width = rows.width();
  PENSTOCK_CHECK(sum.size() == width && sum2.size() == width && rows.scales.empty());
  const size_t n = rows.rows(), groups = (n + kGramRows - 1) / kGramRows;
  std::vector<double> parts(groups * 2 * width);
  parallel_for(cores_, groups, 1, [&](size_t begin, size_t end) {
    for (size_t g = begin; g < end; ++g) {
      double* part = parts.data() + g * 2 * width;
      for (size_t i = g * kGramRows; i < std::min(n, (g + 1) * kGramRows); ++i)
        add_row_moments(rows.raw(i), rows.shift(), width, part, part + width);
    }
  });
  for (size_t g = 0; g < groups; ++g) {
    const double* part = parts.data() + g * 2 * width;
    for (size_t d = 0; d < width; ++d) {
      sum[d] += part[d];
      sum2[d] += part[width + d];
    }
  }
}

void CpuAlgebra::add_gram(const HeldRows& held, std::span<double> gram, std::span<double> sum) {
  const auto& rows = static_cast<const CpuRows&>(held);
  const size_t n = rows.rows(), width = rows.width(), groups = (n + kGramRows - 1) / kGramRows;
  PENSTOCK_CHECK(gram.size() == width * width && sum.size() == width);
  const size_t at_once =
      std::clamp<size_t>(kGramBytes / (width * width * sizeof(double)), 1,
                         std::min<size_t>(kGramsPerCore * cores_.count(), std::max<size_t>(groups, 1)));
  std::vector<Gram> made(at_once);
  for (Gram& g : made) {
    g.rows.resize(kGramRows * width);
    g.product.resize(width * width);
    g.sum.resize(width);
  }
  for (size_t group = 0; group < groups; group += at_once) {
    const size_t some = std::min(at_once, groups - group);
    parallel_for(cores_, some, 1, [&](size_t begin, size_t end) {
      Scratch::Lent lent(scratch_, kGramRows * width);
      for (size_t g = begin; g < end; ++g) {
        const size_t first = (group + g) * kGramRows;
        make_gram(rows, first, std::min(kGramRows, n - first), lent.floats(), made[g]);
      }
    });
    parallel_for(cores_, width, 16, [&](size_t begin, size_t end) {
      for (size_t r = begin; r < end; ++r) {
        for (size_t g = 0; g < some; ++g) {
          sum[r] += made[g].sum[r];
          const double* product = made[g].product.data() + r * width;
          for (size_t c = r; c < width; ++c) gram[r * width + c] += product[c];
        }
      }
    });
  }
  for (size_t r = 0; r < width; ++r) {
    for (size_t c = r + 1; c < width; ++c) gram[c * width + r] = gram[r * width + c];
  }
}

void CpuAlgebra::add_kernel_sums(const HeldRows& held, RowsView modes, double bandwidth, ShiftKernel kernel,
                                 std::span<double> sums, std::span<double> weights) {
  const auto& rows = static_cast<const CpuRows&>(held);
  const size_t n = rows.rows(), width = rows.width();
  PENSTOCK_CHECK(modes.width == width && sums.size() == modes.rows * width && weights.size() == modes.rows);
  PENSTOCK_CHECK(rows.norms2.size() == n);
  const auto most = static_cast<float>(bandwidth * bandwidth);
  const auto falloff = static_cast<float>(-0.5 / (bandwidth * bandwidth));

  parallel_for(cores_, (modes.rows + kTileModes - 1) / kTileModes, 1, [&](size_t begin, size_t end) {
    Scratch::Lent lent(scratch_, kTileRows * width + kTileModes * (kTileRows + width));
    float* room = lent.floats();
    float* scores = room + kTileRows * width;
    float* part = scores + kTileModes * kTileRows;
    for (size_t t = begin; t < end; ++t) {
      const size_t m0 = t * kTileModes, some = std::min(kTileModes, modes.rows - m0);
      for (size_t first = 0; first < n; first += kTileRows) {
        const size_t count = std::min(kTileRows, n - first);
        const float* tile = rows.tile(first, count, room);
        gemm_nt(some, count, width, -2.0f, modes.row(m0), tile, scores, kTileRows);
        for (size_t m = 0; m < some; ++m) {
          const float norm2 = dot(modes.row(m0 + m), modes.row(m0 + m), width);
          const float* norms2 = rows.norms2.data() + first;
          float* w = scores + m * kTileRows;
          double weight = 0;
          for (size_t i = 0; i < count; ++i) {
            const float distance2 = std::max(0.0f, w[i] + norms2[i] + norm2);
            w[i] = kernel == ShiftKernel::kFlat ? (distance2 <= most ? 1.0f : 0.0f) : std::exp(distance2 * falloff);
            weight += static_cast<double>(w[i]);
          }
          weights[m0 + m] += weight;
        }
        gemm_nn(some, width, count, scores, kTileRows, tile, part);
        for (size_t m = 0; m < some; ++m) add_row(part + m * width, width, sums.data() + (m0 + m) * width);
      }
    }
  });
}

void CpuAlgebra::project(const HeldRows& held, RowsView directions, std::span<float> out) {
  const auto& rows = static_cast<const CpuRows&>(held);
  const size_t n = rows.rows(), width = rows.width();
  PENSTOCK_CHECK(directions.width == width && out.size() == n * directions.rows);
  parallel_for(cores_, (n + kTileRows - 1) / kTileRows, 1, [&](size_t begin, size_t end) {
    Scratch::Lent lent(scratch_, kTileRows * width);
    for (size_t t = begin; t < end; ++t) {
      const size_t first = t * kTileRows, count = std::min(kTileRows, n - first);
      gemm_nt(count, directions.rows, width, 1.0f, rows.tile(first, count, lent.floats()), directions.data,
              out.data() + first * directions.rows, directions.rows);
    }
  });
}

}  // namespace penstock::classic
