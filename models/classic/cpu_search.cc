// The nearest rows: a GEMM says which rows of a block may be near enough, and only those are measured.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/classic/blas.h"
#include "models/classic/cpu_algebra.h"
#include "models/classic/kernels.h"
#include "models/classic/select.h"
#include "models/classic/shortlist.h"

namespace penstock::classic {
namespace {

constexpr size_t kMostQueries = 512;  // of a tile; all tiles of a search are about as large
constexpr size_t kFewQueries = 64;
constexpr size_t kTileBase = 256;
// Rows that are measured for all queries of a tile before the next: half of a second-level cache.
constexpr size_t kMeasuredFloats = size_t{128} << 10;
// A stride of a power of two sends a column's scores to few sets of the cache.
constexpr size_t kStride = kTileBase + 16;

// Rows that may be among a query's nearest: their products' scores and numbers in the block, ascending. Room for three times k and a tile:
// with less the limit is narrowed too often, with more too late.
constexpr size_t candidates_for(size_t k) { return 3 * k + kTileBase; }

class CpuNearest final : public NearestSoFar {
 public:
  CpuNearest(Cores& cores, size_t queries, size_t k, Metric metric, int64_t self_first)
      : k(k),
        metric(metric),
        self_first(self_first),
        lists(queries),
        cores_(cores),
        scores_(std::make_unique_for_overwrite<float[]>(queries * Shortlist::room_for(k))),
        ids_(std::make_unique_for_overwrite<int64_t[]>(queries * Shortlist::room_for(k))) {
    for (size_t q = 0; q < queries; ++q)
      lists[q].start(scores_.get() + q * Shortlist::room_for(k), ids_.get() + q * Shortlist::room_for(k), k);
  }
  void read(std::span<float> scores, std::span<int64_t> ids) override {
    PENSTOCK_CHECK(scores.size() == lists.size() * k && ids.size() == scores.size());
    parallel_for(cores_, lists.size(), 64, [&](size_t begin, size_t end) {
      Shortlist::Room room;
      for (size_t q = begin; q < end; ++q) {
        const auto values = scores.subspan(q * k, k);
        const auto numbers = ids.subspan(q * k, k);
        const size_t count = lists[q].sorted(values, numbers, room);
        std::fill(values.begin() + static_cast<std::ptrdiff_t>(count), values.end(),
                  std::numeric_limits<float>::infinity());
        std::fill(numbers.begin() + static_cast<std::ptrdiff_t>(count), numbers.end(), -1);
      }
    });
  }

  const size_t k;
  const Metric metric;
  const int64_t self_first;
  std::vector<Shortlist> lists;

 private:
  Cores& cores_;
  std::unique_ptr<float[]> scores_;
  std::unique_ptr<int64_t[]> ids_;
};

// How far the GEMM's score may lie from the one that is measured: two sums of `width` products, each rounded to 2^-24 of what it has
// reached by then. The bound sqrt(width) * 2^-24 * |q||b| is a random walk's; eight times it, and never was a neighbour missed.
float slack_of(size_t width, float query_norm2, float base_norm2) {
  return 8 * 0x1p-24f * (2 + std::sqrt(static_cast<float>(width))) * (query_norm2 + base_norm2);
}

// One query over one block of the base.
struct Query {
  const float* values;  // (width)
  Shortlist* list;
  float offset;  // what is added to a product's score to make it the score: |q|^2, 1 of a cosine, nothing
  float slack;
  float most;     // the highest product's score of a row that may still be among the nearest
  int64_t self;   // the number in the block of the row that it is itself, or less than 0
  float* scores;  // the candidates
  uint32_t* rows;
  size_t count, measured;
};

class BlockSearch {
 public:
  BlockSearch(CpuNearest& found, const CpuRows& queries, const CpuRows& base, uint64_t first, Scratch& scratch)
      : found_(found), queries_(queries), base_(base), first_(first), width_(base.width()), scratch_(scratch) {
    if (found.metric != Metric::kL2) none_.assign(kTileBase, 0.0f);
  }

  /// Queries [q0, q0 + some): candidates of the whole block first, since the limit falls faster by scores that exist anyway than rows could
  /// be measured; then the few that are left, tile by tile while its rows are in the cache.
  void run(size_t q0, size_t some) const {
    const size_t room = candidates_for(found_.k) + kSelectSpare;
    Scratch::Lent lent(
        scratch_,
        (queries_.plain() ? 0 : some * width_) + (base_.plain() ? 0 : measured_ * width_) + some * (kStride + room),
        some * room);
    float* scores = lent.floats();
    float* base_room = scores + some * (kStride + room);
    const float* tile = queries_.tile(q0, some, base_room + (base_.plain() ? 0 : measured_ * width_));
    std::vector<Query> queries;
    for (size_t i = 0; i < some; ++i)
      queries.push_back(start(q0 + i, tile + i * width_, scores + some * kStride + i * room, lent.words() + i * room));
    for (size_t b0 = 0; b0 < base_.rows(); b0 += kTileBase) find_candidates(queries, tile, b0, scores, base_room);
    for (Query& query : queries) narrow(query, 0);
    measure_by_tiles(queries, base_room);
  }

 private:
  bool l2() const { return found_.metric == Metric::kL2; }

  Query start(size_t q, const float* values, float* scores, uint32_t* rows) const {
    const float norm2 = dot(values, values, width_);
    const float offset = l2() ? norm2 : found_.metric == Metric::kCosine ? 1.0f : 0.0f;
    const float slack = slack_of(width_, norm2, base_.most_norm2);
    Shortlist& list = found_.lists[q];
    return {
        .values = values,
        .list = &list,
        .offset = offset,
        .slack = slack,
        .most = list.limit() - offset + slack,
        .self = found_.self_first < 0 ? -1 : found_.self_first + static_cast<int64_t>(q) - static_cast<int64_t>(first_),
        .scores = scores,
        .rows = rows,
        .count = 0,
        .measured = 0};
  }

  void find_candidates(std::vector<Query>& queries, const float* tile, size_t b0, float* scores,
                       float* base_room) const {
    const size_t count = std::min(kTileBase, base_.rows() - b0);
    gemm_nt(queries.size(), count, width_, l2() ? -2.0f : -1.0f, tile, base_.tile(b0, count, base_room), scores,
            kStride);
    const float* bias = l2() ? base_.norms2.data() + b0 : none_.data();
    for (Query& query : queries) {
      const int64_t self = query.self - static_cast<int64_t>(b0);
      if (self >= 0 && self < static_cast<int64_t>(count)) scores[self] = std::numeric_limits<float>::quiet_NaN();
      query.count += append_below(scores, bias, count, query.most, static_cast<uint32_t>(b0),
                                  query.scores + query.count, query.rows + query.count);
      scores += kStride;
      if (query.count + kTileBase <= candidates_for(found_.k)) continue;
      narrow(query, found_.k / 8);
      // Where very many rows lie within the slack of each other.
      if (query.count + kTileBase > candidates_for(found_.k)) measure_now(query, base_room);
    }
  }

  // k rows that score at most t are at most t + slack away, and what is nearer than that scores at most t + 2 slack.
  void narrow(Query& query, size_t spare) const {
    if (query.count <= found_.k) return;
    query.most = std::min(query.most, least_k(query.scores, query.count, found_.k, spare) + 2 * query.slack);
    query.count = keep_below(query.scores, query.rows, query.count, query.most);
  }

  void measure_now(Query& query, float* room) const {
    query.measured = 0;
    measure_by_tiles({&query, 1}, room);
    query.count = query.measured = 0;
    query.most = std::min(query.most, query.list->limit() - query.offset + query.slack);
  }

  void measure_by_tiles(std::span<Query> queries, float* room) const {
    std::vector<char> made(measured_);
    std::vector<float> out(measured_);
    for (size_t b0 = 0; b0 < base_.rows(); b0 += measured_) {
      std::fill(made.begin(), made.end(), char{0});
      for (Query& query : queries) {
        const size_t begin = query.measured;
        size_t& end = query.measured;
        while (end < query.count && query.rows[end] < b0 + measured_) ++end;
        if (begin == end) continue;
        const std::span<const uint32_t> which(query.rows + begin, end - begin);
        const auto first = static_cast<uint32_t>(b0);
        const float* tile = base_.raw(b0);
        if (!base_.plain()) {
          for (const uint32_t row : which) {
            if (made[row - first] == 0) base_.tile(row, 1, room + (row - first) * width_);
            made[row - first] = 1;
          }
          tile = room;
        }
        measure_rows(l2(), query.values, tile, first, which, width_, out.data());
        for (size_t i = 0; i < which.size(); ++i)
          query.list->put(l2() ? out[i] : query.offset - out[i], static_cast<int64_t>(first_ + which[i]));
      }
    }
  }

  CpuNearest& found_;
  const CpuRows& queries_;
  const CpuRows& base_;
  const uint64_t first_;
  const size_t width_;
  const size_t measured_ = std::max(kTileBase, kMeasuredFloats / width_);  // rows of a tile that is measured
  Scratch& scratch_;
  std::vector<float> none_;
};

}  // namespace

std::unique_ptr<NearestSoFar> CpuAlgebra::start_search(const HeldRows& queries, size_t k, Metric metric,
                                                       int64_t self_first) {
  PENSTOCK_CHECK(k > 0);
  return std::make_unique<CpuNearest>(cores_, queries.rows(), k, metric, self_first);
}

void CpuAlgebra::search(NearestSoFar& so_far, const HeldRows& held_queries, const HeldRows& held_base, uint64_t first) {
  auto& found = static_cast<CpuNearest&>(so_far);
  const auto& queries = static_cast<const CpuRows&>(held_queries);
  const auto& base = static_cast<const CpuRows&>(held_base);
  const size_t n = queries.rows();
  PENSTOCK_CHECK(base.width() == queries.width() && base.norms2.size() == base.rows() && found.lists.size() == n);
  PENSTOCK_CHECK(base.rows() <= std::numeric_limits<uint32_t>::max());
  const BlockSearch search(found, queries, base, first, scratch_);
  // As many as there are cores, where each has enough to multiply: what is found does not depend on it.
  const size_t tiles = std::max((n + kMostQueries - 1) / kMostQueries,
                                std::min<size_t>(cores_.count(), (n + kFewQueries - 1) / kFewQueries));
  parallel_for(cores_, tiles, 1, [&](size_t begin, size_t end) {
    for (size_t t = begin; t < end; ++t) search.run(n * t / tiles, n * (t + 1) / tiles - n * t / tiles);
  });
}

}  // namespace penstock::classic
