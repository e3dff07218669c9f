#include "models/classic/neighbours.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/bytes.h"

namespace penstock::classic {
namespace {

void check(const RowSource& queries, const RowSource& base, const NeighbourOptions& options) {
  if (options.k == 0 || options.k > kMostNeighbours)
    throw Error(Code::kUsage, "cannot look for " + std::to_string(options.k) + " neighbours")
        .hint("1 to " + std::to_string(kMostNeighbours));
  if (queries.width() != base.width())
    throw Error(Code::kUsage, "the queries have " + std::to_string(queries.width()) +
                                  " values a row, and the rows to search have " + std::to_string(base.width()))
        .hint("both must be features of the same layer of the same model");
}

// A point in the middle of the first rows, where that is far from zero. Distances do not change, their digits do (Intake::shift); the other
// metrics look from the origin.
std::vector<float> middle(RowSource& base, Metric metric) {
  const size_t width = base.width();
  const auto n = static_cast<size_t>(std::min<uint64_t>(base.size(), Blocks::kAlign));
  if (metric != Metric::kL2 || n == 0) return {};
  std::vector<float> rows(n * width), out(width);
  base.read(0, rows);
  std::vector<double> sum(width);
  for (size_t i = 0; i < rows.size(); ++i) sum[i % width] += static_cast<double>(rows[i]);
  for (size_t d = 0; d < width; ++d) out[d] = static_cast<float>(sum[d] / static_cast<double>(n));
  double spread2 = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto x = static_cast<double>(rows[i] - out[i % width]);
    spread2 += x * x / static_cast<double>(n);
  }
  return far_from_zero(out, spread2) ? out : std::vector<float>();
}

void to_values(Metric metric, std::span<float> scores, std::span<const int64_t> ids) {
  for (size_t i = 0; i < scores.size(); ++i) {
    if (ids[i] < 0)
      scores[i] = std::numeric_limits<float>::quiet_NaN();
    else if (metric == Metric::kL2)
      scores[i] = std::sqrt(std::max(0.0f, scores[i]));
    else
      scores[i] = metric == Metric::kDot ? -scores[i] : std::max(0.0f, scores[i]);
  }
}

}  // namespace

void nearest_rows(RowSource& queries, RowSource& base, Algebra& algebra, const NeighbourOptions& options,
                  const NeighbourBlock& body) {
  check(queries, base, options);
  const size_t width = base.width(), k = options.k;
  const bool self = &queries == &base;
  // A query: its values, twice the shortlist at 12 bytes a place (an Algebra's own), and what is handed on.
  const uint64_t query_bytes = width * sizeof(float) + (2 * k + 32) * 12 + k * 12;
  const uint64_t share = options.bytes / 3;
  const auto block = static_cast<size_t>(std::min<uint64_t>(queries.size(), share / query_bytes));
  if (queries.size() == 0) return;
  if (block == 0)
    throw Error(Code::kMemory, "a query of " + std::to_string(width) + " values with " + std::to_string(k) +
                                   " neighbours does not fit into a third of " + bytes_text(options.bytes))
        .hint("a budget of " + bytes_text(3 * query_bytes * 256) + " would do for 256 queries at once");
  Blocks base_blocks(base, options.bytes - share, options.stop);
  const std::vector<float> shift = middle(base, options.metric);
  const Intake intake{.shift = shift, .unit = options.metric == Metric::kCosine, .norms = true};
  HeldBlocks held(base_blocks, algebra, intake);

  const uint64_t passes = (queries.size() + block - 1) / block, total = passes * base.size();
  const RowsView lent = queries.in_memory();
  std::vector<float> rows(lent.data == nullptr ? block * width : 0), scores(block * k);
  std::vector<int64_t> ids(block * k);
  uint64_t done = 0;
  for (uint64_t first = 0; first < queries.size(); first += block) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(block, queries.size() - first));
    RowsView view{rows.data(), count, width};
    if (lent.data != nullptr)
      view = lent.part(static_cast<size_t>(first), count);
    else
      queries.read(first, {rows.data(), count * width});
    const auto held_queries = algebra.hold(view, intake);
    const auto found = algebra.start_search(*held_queries, k, options.metric, self ? static_cast<int64_t>(first) : -1);
    held.each([&](uint64_t base_first, const HeldRows& base_rows) {
      algebra.search(*found, *held_queries, base_rows, base_first);
      done += base_rows.rows();
      if (options.on_progress) options.on_progress(done, total);
    });
    const std::span<float> values(scores.data(), count * k);
    const std::span<int64_t> numbers(ids.data(), count * k);
    found->read(values, numbers);
    to_values(options.metric, values, numbers);
    body(first, values, numbers);
  }
}

}  // namespace penstock::classic
