// k nearest neighbours by brute force: every query against every row, as products of matrices.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string_view>

#include "models/classic/algebra.h"
#include "models/classic/blocks.h"

namespace penstock::classic {

struct NeighbourOptions {
  size_t k = 5;  ///< 1 to kMostNeighbours
  Metric metric = Metric::kL2;
  uint64_t bytes = uint64_t{1} << 30;  ///< for rows of both sides and what was found so far
  std::stop_token stop = {};
  /// Of `queries` x passes: called after each block of the base.
  std::function<void(uint64_t done, uint64_t total)> on_progress = {};
};
constexpr size_t kMostNeighbours = 1024;

/// Neighbours of a block of queries: (queries, k), nearest first, ties by the lower id. `values` are distances (L2: Euclidean, cosine: 1 - cosine) or
/// inner products (dot, the largest first). An id is the number of the base's row; -1 with NaN where the base has fewer than k rows.
using NeighbourBlock =
    std::function<void(uint64_t first_query, std::span<const float> values, std::span<const int64_t> ids)>;

/// Calls `body` for each block of queries, in order. Both sides may be larger than the budget: the base is then read once for each block
/// of queries. With `base` == `queries` (the same object) a row is not its own neighbour.
/// Values are computed in f32 from the rows themselves, and no neighbour is missed by more than their rounding (algebra.h).
/// The same bits for any number of threads and any budget on one machine.
/// Throws Error kUsage where k or the widths do not fit, kMemory where the budget is too small, kCancelled.
void nearest_rows(RowSource& queries, RowSource& base, Algebra& algebra, const NeighbourOptions& options,
                  const NeighbourBlock& body);

}  // namespace penstock::classic
