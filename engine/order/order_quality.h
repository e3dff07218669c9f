// How far from a full shuffle an order is, by what a batch shows of the classes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace penstock {

struct OrderQuality {
  /// (distinct - 1) / (distinct_full - 1), at most 1: 0 where each batch is of one class, 1 where batches show as many classes as a full shuffle's. -1 where it
  /// means nothing: fewer than two classes, or batches of one record.
  double quality = -1;
  double distinct = 0;       ///< classes in a batch, mean over the batches looked at
  double distinct_full = 0;  ///< classes in a batch that a full shuffle shows, expectation
  double serial_correlation =
      0;  ///< of neighbours' classes: (alike - by chance) / (1 - by chance); 0 in a full shuffle, near 1 in sorted data
  uint64_t batch = 0;    ///< records of a batch
  uint64_t batches = 0;  ///< looked at
};

/// Expected distinct classes among `batch` records drawn without putting back: sum over classes of 1 - C(N - n, batch) / C(N, batch), N all records, n
/// those of the class.
double distinct_of_full_shuffle(std::span<const uint64_t> records_of_class, uint64_t records, uint64_t batch);

/// Looks at up to `most_batches` whole batches, spread evenly over the `records` positions of an epoch. `labels(first, out)` gives the labels at positions
/// first, first + 1, ...; one below 0 is of no class. `batch` is made smaller where there would be fewer than 8.
OrderQuality order_quality(std::span<const uint64_t> records_of_class, uint64_t records, uint64_t batch,
                           uint64_t most_batches,
                           const std::function<void(uint64_t first, std::span<int64_t> out)>& labels);

}  // namespace penstock
