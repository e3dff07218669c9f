// The nearest rows: a GEMM says which of a tile's rows may be near enough, and only those are measured.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "models/classic/blas.h"
#include "models/classic/cpu_algebra.h"
#include "models/classic/kernels.h"

namespace penstock::classic {
namespace {

constexpr size_t kTileQueries = 256;
constexpr size_t kTileBase = 512;

struct Found {
  float score;
  int64_t id;
  bool operator<(const Found& other) const { return score != other.score ? score < other.score : id < other.id; }
};

// The k least of what was put in, kept in room for twice as many: it is thinned out when full, so that putting one in costs
// a few nanoseconds on average.
class Shortlist {
 public:
  void start(Found* room, size_t k) {
    room_ = room;
    k_ = k;
  }
  static size_t room_for(size_t k) { return 2 * k + 32; }

  void put(const Found& found) {
    if (!(found < worst_)) return;
    room_[count_++] = found;
    if (count_ == room_for(k_)) thin();
  }
  /// Finds a first limit as soon as there can be one. Later ones come when the room is full: a limit that is a little too high costs
  /// less than a look at all of a long list after each tile.
  void narrow() {
    if (std::isinf(worst_.score)) thin();
  }
  /// Leaves the k best; what does not come before the worst of them need not be put in.
  void thin() {
    if (count_ < k_) return;
    std::nth_element(room_, room_ + (k_ - 1), room_ + count_);
    worst_ = room_[k_ - 1];
    count_ = k_;
  }
  /// The highest score that may still come in.
  float limit() const { return worst_.score; }
  std::span<const Found> sorted() {
    thin();
    std::sort(room_, room_ + count_);
    return {room_, count_};
  }

 private:
  Found* room_ = nullptr;
  size_t k_ = 0, count_ = 0;
  Found worst_{std::numeric_limits<float>::infinity(), std::numeric_limits<int64_t>::max()};
};

class CpuNearest final : public NearestSoFar {
 public:
  CpuNearest(const CpuRows& queries, size_t k, Metric metric, int64_t self_first)
      : k(k),
        metric(metric),
        self_first(self_first),
        lists(queries.rows()),
        room_(queries.rows() * Shortlist::room_for(k)) {
    for (size_t q = 0; q < lists.size(); ++q) lists[q].start(room_.data() + q * Shortlist::room_for(k), k);
  }
  void read(std::span<float> scores, std::span<int64_t> ids) override {
    PENSTOCK_CHECK(scores.size() == lists.size() * k && ids.size() == scores.size());
    std::fill(scores.begin(), scores.end(), std::numeric_limits<float>::infinity());
    std::fill(ids.begin(), ids.end(), -1);
    for (size_t q = 0; q < lists.size(); ++q) {
      size_t at = q * k;
      for (const Found& found : lists[q].sorted()) {
        scores[at] = found.score;
        ids[at++] = found.id;
      }
    }
  }

  const size_t k;
  const Metric metric;
  const int64_t self_first;
  std::vector<Shortlist> lists;

 private:
  std::vector<Found> room_;
};

// How far the GEMM's score may lie from the one that is measured: two sums of `width` products, each rounded to 2^-24 of what it has
// reached by then. The bound sqrt(width) * 2^-24 * |q||b| is a random walk's; eight times it, and never was a neighbour missed.
float slack(size_t width, float query_norm2, float base_norm2) {
  return 8 * 0x1p-24f * (2 + std::sqrt(static_cast<float>(width))) * (query_norm2 + base_norm2);
}

}  // namespace

std::unique_ptr<NearestSoFar> CpuAlgebra::start_search(const HeldRows& queries, size_t k, Metric metric,
                                                       int64_t self_first) {
  PENSTOCK_CHECK(k > 0);
  return std::make_unique<CpuNearest>(static_cast<const CpuRows&>(queries), k, metric, self_first);
}

void CpuAlgebra::search(NearestSoFar& so_far, const HeldRows& held_queries, const HeldRows& held_base, uint64_t first) {
  auto& found = static_cast<CpuNearest&>(so_far);
  const auto& queries = static_cast<const CpuRows&>(held_queries);
  const auto& base = static_cast<const CpuRows&>(held_base);
  const size_t width = queries.width(), n = queries.rows();
  PENSTOCK_CHECK(base.width() == width && base.norms2.size() == base.rows() && found.lists.size() == n);
  const bool l2 = found.metric == Metric::kL2;
  const float alpha = l2 ? -2.0f : -1.0f;
  const std::vector<float> none(l2 ? 0 : kTileBase, 0.0f);

  parallel_for(cores_, (n + kTileQueries - 1) / kTileQueries, 1, [&](size_t begin, size_t end) {
    Scratch::Lent lent(scratch_, (kTileQueries + kTileBase) * width + kTileQueries * kTileBase + kTileQueries,
                       kTileBase);
    float* query_room = lent.floats();
    float* base_room = query_room + kTileQueries * width;
    float* scores = base_room + kTileBase * width;
    float* query_norms2 = scores + kTileQueries * kTileBase;
    for (size_t t = begin; t < end; ++t) {
      const size_t q0 = t * kTileQueries, some = std::min(kTileQueries, n - q0);
      const float* q_tile = queries.tile(q0, some, query_room);
      for (size_t i = 0; i < some; ++i) query_norms2[i] = dot(q_tile + i * width, q_tile + i * width, width);
      for (size_t b0 = 0; b0 < base.rows(); b0 += kTileBase) {
        const size_t count = std::min(kTileBase, base.rows() - b0);
        const float* b_tile = base.tile(b0, count, base_room);
        gemm_nt(some, count, width, alpha, q_tile, b_tile, scores, kTileBase);
        const float* bias = l2 ? base.norms2.data() + b0 : none.data();
        for (size_t i = 0; i < some; ++i) {
          Shortlist& list = found.lists[q0 + i];
          const float* query = q_tile + i * width;
          // What is added to a GEMM's score to make it the score: |q|^2, 1 of a cosine, nothing.
          const float offset = l2 ? query_norms2[i] : found.metric == Metric::kCosine ? 1.0f : 0.0f;
          const float most = list.limit() - offset + slack(width, query_norms2[i], base.most_norm2);
          const size_t near = below(scores + i * kTileBase, bias, count, most, lent.words());
          for (size_t j = 0; j < near; ++j) {
            const size_t row = lent.words()[j];
            const auto id = static_cast<int64_t>(first + b0 + row);
            if (found.self_first >= 0 && id == found.self_first + static_cast<int64_t>(q0 + i)) continue;
            const float* values = b_tile + row * width;
            list.put({l2 ? squared_distance(query, values, width) : offset - dot(query, values, width), id});
          }
          list.narrow();
        }
      }
    }
  });
}

}  // namespace penstock::classic
