// Which records of a data set are stored as raw pixels, where not all can be.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace penstock {

/// A record as JPEG and as raw pixels.
struct RawCandidate {
  double jpeg_bytes = 0, raw_bytes = 0;
  double jpeg_seconds = 0, raw_seconds = 0;  ///< of one core, to decode it

  /// Seconds of decoding saved for each byte that is read more.
  double saved_per_byte() const {
    const double more = raw_bytes - jpeg_bytes;
    if (more <= 0) return std::numeric_limits<double>::infinity();
    return (jpeg_seconds - raw_seconds) / more;
  }
};

struct RawShareLimits {
  double mean_bytes = 0;             ///< of a record, at most: the budget of the whole data set
  double disk_bytes_per_second = 0;  ///< 0: never the limit
  unsigned cores = 1;
};

struct RawShare {
  /// A record is stored raw that saves at least so much: one number stands for the choice, whatever the number of records.
  double least_saved_per_byte = std::numeric_limits<double>::infinity();
  double share = 0;              ///< of the records
  double mean_bytes = 0;         ///< of a record, then
  double images_per_second = 0;  ///< the lesser of what disk and cores give
};

/// The choice that gives the most images a second within the limits. Records are taken by what they save for each byte, the most first, until the
/// budget is full or the disk becomes the limit: the optimum of the continuous knapsack (Dantzig 1957), so what a choice of whole records could
/// gain over it is less than one record. `candidates`: all records, or a sample of them.
RawShare choose_raw_share(std::span<const RawCandidate> candidates, const RawShareLimits& limits);

}  // namespace penstock
