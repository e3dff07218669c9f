// Nearest centres and sums by label: what k-means does in each pass.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/classic/blas.h"
#include "models/classic/cpu_algebra.h"
#include "models/classic/kernels.h"

namespace penstock::classic {
namespace {

// Rows and centres of one product. Of narrow rows the scores, 512 x 256 floats, stay in the second-level cache until they are compared. Of wide
// ones reading scores costs nothing beside making them, and fewer, larger products pack rows and centres less often: 2 % of all time at 512
// columns. A function of the shape alone, as all that decides bits.
struct Tile {
  size_t rows = 512, centres = 256;
};
Tile tile_for(size_t width) { return width < 256 ? Tile{} : Tile{.rows = 1024, .centres = 1024}; }
// A stride of a power of two sends a column's scores to few sets of the cache: up to a tenth slower.
constexpr size_t kPad = 16;
// Rows that are assigned before they are summed: read from the third-level cache the second time.
constexpr size_t kSpanRows = 8192;

class CpuSums final : public LabelSums {
 public:
  CpuSums(size_t k, size_t width) : k_(k), width_(width), parts_(std::clamp<size_t>(kBuckets / k, 1, kMostParts)) {
    clear();
  }

  void clear() override {
    sums_.assign(parts_ * k_ * width_, 0.0);
    counts_.assign(parts_ * k_, 0);
  }
  void read(std::span<double> sums, std::span<uint64_t> counts) const override {
    PENSTOCK_CHECK(sums.size() == k_ * width_ && counts.size() == k_);
    std::copy_n(sums_.begin(), sums.size(), sums.begin());
    std::copy_n(counts_.begin(), k_, counts.begin());
    for (size_t part = 1; part < parts_; ++part) {
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += sums_[part * sums.size() + i];
      for (size_t i = 0; i < k_; ++i) counts[i] += counts_[part * k_ + i];
    }
    if (shift_.empty()) return;
    for (size_t c = 0; c < k_; ++c) {
      for (size_t d = 0; d < width_; ++d)
        sums[c * width_ + d] -= static_cast<double>(counts[c]) * static_cast<double>(shift_[d]);
    }
  }

  /// Rows [from, from + labels.size()) of a block whose first row has number `first`. They are put in the order of their buckets, so that a
  /// bucket's sum stays in the first-level cache while its rows are added, in ascending order.
  void add(Cores& cores, const CpuRows& rows, uint64_t first, size_t from, std::span<const int32_t> labels) {
    const size_t buckets = parts_ * k_, n = labels.size();
    begins_.assign(buckets + 1, 0);
    const auto bucket_of = [&](size_t i) {
      return (first + from + i) / kRun % parts_ * k_ + static_cast<size_t>(labels[i]);
    };
    for (size_t i = 0; i < n; ++i) ++begins_[bucket_of(i) + 1];
    for (size_t b = 0; b < buckets; ++b) {
      counts_[b] += begins_[b + 1];
      begins_[b + 1] += begins_[b];
    }
    order_.resize(n);
    next_.assign(begins_.begin(), begins_.end() - 1);
    for (size_t i = 0; i < n; ++i) order_[next_[bucket_of(i)]++] = static_cast<uint32_t>(from + i);
    parallel_for(cores, buckets, std::max<size_t>(1, buckets / 32), [&](size_t begin, size_t end) {
      for (size_t b = begin; b < end; ++b)
        add_rows(rows.raw(0), {order_.data() + begins_[b], begins_[b + 1] - begins_[b]}, width_,
                 sums_.data() + b * width_);
    });
  }
  /// The rows are added as they lie; what they are shifted by is taken off once, in read().
  void shifted_by(const float* shift) {
    if (shift != nullptr) shift_.assign(shift, shift + width_);
  }

 private:
  // Where there are few labels, each has several sums, so that the cores have something to do: a row belongs to the part that its
  // number says, in runs of 256.
  static constexpr size_t kBuckets = 64, kMostParts = 8, kRun = 256;

  size_t k_, width_, parts_;
  std::vector<double> sums_;      // (parts, k, width)
  std::vector<uint64_t> counts_;  // (parts, k)
  std::vector<float> shift_;
  std::vector<uint32_t> begins_, next_, order_;
};

}  // namespace

std::unique_ptr<LabelSums> CpuAlgebra::make_sums(size_t k, size_t width) { return std::make_unique<CpuSums>(k, width); }

void CpuAlgebra::assign_tile(const CpuRows& rows, size_t begin, size_t count, RowsView centres, const float* norms2,
                             int32_t* labels, float* distances2) {
  const size_t width = rows.width(), tile_centres = std::min(tile_for(width).centres, centres.rows);
  const size_t stride = tile_centres + kPad;
  Scratch::Lent lent(scratch_, (rows.plain() ? 0 : count * width) + count * stride + count);
  float* scores = lent.floats();
  float* best = scores + count * stride;
  const float* tile = rows.tile(begin, count, best + count);
  std::fill_n(best, count, std::numeric_limits<float>::infinity());
  for (size_t c = 0; c < centres.rows; c += tile_centres) {
    const size_t some = std::min(tile_centres, centres.rows - c);
    gemm_nt(count, some, width, -2.0f, tile, centres.row(c), scores, stride);
    for (size_t i = 0; i < count; ++i)
      argmin_row(scores + i * stride, norms2 + c, some, static_cast<int32_t>(c), best[i], labels[i]);
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

  const size_t tile_rows = tile_for(width).rows;
  for (size_t from = 0; from < n; from += kSpanRows) {
    const size_t span = std::min(kSpanRows, n - from), tiles = (span + tile_rows - 1) / tile_rows;
    parallel_for(cores_, tiles, 1, [&](size_t begin, size_t end) {
      for (size_t t = begin; t < end; ++t) {
        const size_t at = from + t * tile_rows, count = std::min(tile_rows, from + span - at);
        assign_tile(rows, at, count, centres, norms2.data(), labels.data() + at, distances2.data() + at);
      }
    });
    if (sums == nullptr) continue;
    auto& into = static_cast<CpuSums&>(*sums);
    into.shifted_by(rows.shift());
    into.add(cores_, rows, first, from, labels.subspan(from, span));
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
