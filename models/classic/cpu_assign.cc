// Nearest centres and sums by label: what k-means does in each pass.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/classic/blas.h"
#include "models/classic/cpu_algebra.h"
#include "models/classic/kernels.h"

namespace penstock::classic {
namespace {

// A tile's scores, 512 x 256 floats, are half of a megabyte: in the second-level cache when they are compared. Fewer rows, and
// OpenBLAS packs the centres too often; fewer centres, and it packs the rows too often.
constexpr size_t kTileRows = 512;
constexpr size_t kTileCentres = 256;
// Rows that are assigned before they are summed: read from the third-level cache the second time.
constexpr size_t kSpanRows = 16 * kTileRows;

class CpuSums final : public LabelSums {
 public:
  CpuSums(size_t k, size_t width)
      : k_(k), width_(width), parts_(std::clamp<size_t>(kMostSums / (k * width), 1, kMostParts)) {
    clear();
  }

  void clear() override {
    for (Part& part : parts_) {
      part.sums.assign(k_ * width_, 0.0);
      part.counts.assign(k_, 0);
    }
  }
  void read(std::span<double> sums, std::span<uint64_t> counts) const override {
    PENSTOCK_CHECK(sums.size() == k_ * width_ && counts.size() == k_);
    std::fill(sums.begin(), sums.end(), 0.0);
    std::fill(counts.begin(), counts.end(), 0);
    for (const Part& part : parts_) {
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += part.sums[i];
      for (size_t i = 0; i < k_; ++i) counts[i] += part.counts[i];
    }
    if (shift_.empty()) return;
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] -= static_cast<double>(counts[i / width_]) * static_cast<double>(shift_[i % width_]);
  }

  /// One part, columns [begin, end): adds the block's rows that belong to it.
  void add(size_t part, size_t begin, size_t end, const CpuRows& rows, uint64_t first, size_t from, size_t count,
           const int32_t* labels) {
    Part& into = parts_[part];
    for (size_t i = from; i < from + count;) {
      const uint64_t number = first + i;
      const size_t until = std::min(from + count, i + static_cast<size_t>(kRun - number % kRun));
      if (number / kRun % parts_.size() == part) {
        for (size_t r = i; r < until; ++r) {
          const auto label = static_cast<size_t>(labels[r]);
          add_row(rows.raw(r) + begin, end - begin, into.sums.data() + label * width_ + begin);
          if (begin == 0) ++into.counts[label];
        }
      }
      i = until;
    }
  }
  /// The rows are added as they lie; what they are shifted by is taken off once, in read().
  void shifted_by(const float* shift) {
    if (shift != nullptr) shift_.assign(shift, shift + width_);
  }
  /// Columns that a task adds up: of all sums they should fit into the second-level cache.
  size_t stripe() const { return std::clamp<size_t>(65536 / k_ / 64 * 64, 64, 512); }

  /// A function of the shape alone: it decides bits.
  size_t parts() const { return parts_.size(); }

  static constexpr uint64_t kRun = 256;  ///< rows in a row that belong to the same part

 private:
  struct Part {
    std::vector<double> sums;
    std::vector<uint64_t> counts;
  };
  // Parts are cleared and added up in each pass: of many sums there are few, and their columns keep the cores busy.
  static constexpr size_t kMostParts = 8, kMostSums = size_t{1} << 20;

  size_t k_, width_;
  std::vector<float> shift_;
  std::vector<Part> parts_;
};

}  // namespace

std::unique_ptr<LabelSums> CpuAlgebra::make_sums(size_t k, size_t width) { return std::make_unique<CpuSums>(k, width); }

void CpuAlgebra::assign_tile(const CpuRows& rows, size_t begin, size_t count, RowsView centres, const float* norms2,
                             int32_t* labels, float* distances2) {
  const size_t width = rows.width(), tile_centres = std::min(kTileCentres, centres.rows);
  Scratch::Lent lent(scratch_, count * width + count * tile_centres + count);
  float* room = lent.floats();
  float* scores = room + count * width;
  float* best = scores + count * tile_centres;
  const float* tile = rows.tile(begin, count, room);
  std::fill_n(best, count, std::numeric_limits<float>::infinity());
  for (size_t c = 0; c < centres.rows; c += kTileCentres) {
    const size_t some = std::min(kTileCentres, centres.rows - c);
    gemm_nt(count, some, width, -2.0f, tile, centres.row(c), scores, tile_centres);
    for (size_t i = 0; i < count; ++i)
      argmin_row(scores + i * tile_centres, norms2 + c, some, static_cast<int32_t>(c), best[i], labels[i]);
  }
  for (size_t i = 0; i < count; ++i)
    distances2[i] = squared_distance(tile + i * width, centres.row(static_cast<size_t>(labels[i])), width);
}

void CpuAlgebra::assign(const HeldRows& held, uint64_t first, RowsView centres, std::span<int32_t> labels,
                        std::span<float> distances2, LabelSums* sums) {
  const auto& rows = static_cast<const CpuRows&>(held);
  const size_t n = rows.rows(), width = rows.width();
  PENSTOCK_CHECK(labels.size() == n && distances2.size() == n && centres.width == width && centres.rows > 0);
  PENSTOCK_CHECK(sums == nullptr || rows.scales.empty());
  std::fill(labels.begin(), labels.end(), 0);  // where no score is a number, the first centre
  std::vector<float> norms2(centres.rows);
  for (size_t c = 0; c < centres.rows; ++c) norms2[c] = dot(centres.row(c), centres.row(c), width);

  for (size_t from = 0; from < n; from += kSpanRows) {
    const size_t span = std::min(kSpanRows, n - from), tiles = (span + kTileRows - 1) / kTileRows;
    parallel_for(cores_, tiles, 1, [&](size_t begin, size_t end) {
      for (size_t t = begin; t < end; ++t) {
        const size_t at = from + t * kTileRows, count = std::min(kTileRows, from + span - at);
        assign_tile(rows, at, count, centres, norms2.data(), labels.data() + at, distances2.data() + at);
      }
    });
    if (sums == nullptr) continue;
    auto& into = static_cast<CpuSums&>(*sums);
    into.shifted_by(rows.shift());
    const size_t columns = into.stripe(), stripes = (width + columns - 1) / columns;
    parallel_for(cores_, into.parts() * stripes, 1, [&](size_t begin, size_t end) {
      for (size_t t = begin; t < end; ++t) {
        const size_t column = t % stripes * columns;
        into.add(t / stripes, column, std::min(width, column + columns), rows, first, from, span, labels.data());
      }
    });
  }
}

void CpuAlgebra::distances(const HeldRows& held, RowsView points, std::span<float> out) {
  const auto& rows = static_cast<const CpuRows&>(held);
  const size_t n = rows.rows(), width = rows.width();
  PENSTOCK_CHECK(out.size() == points.rows * n && points.width == width);
  parallel_for(cores_, n, 1024, [&](size_t begin, size_t end) {
    Scratch::Lent lent(scratch_, width + points.rows);
    for (size_t i = begin; i < end; ++i) {
      const float* row = rows.tile(i, 1, lent.floats());
      float* found = lent.floats() + width;
      squared_distances(row, points.data, points.rows, width, found);
      for (size_t p = 0; p < points.rows; ++p) out[p * n + i] = found[p];
    }
  });
}

}  // namespace penstock::classic
