// What a data set is, without reading its records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/data/dataset.h"

namespace penstock {

struct DataInfo {
  std::string format;
  std::string path;
  uint64_t records = 0;
  uint64_t bytes = 0;  ///< encoded
  std::vector<std::string> classes;
  std::vector<uint64_t> records_of_class;
  uint64_t unlabelled = 0;
  std::vector<std::string> fields;  ///< "bytes u8 (N, any)"
  std::string digest;               ///< see data_digest
  uint64_t with_checksum = 0;       ///< records that have a stored checksum
  uint64_t verified = 0;            ///< records that were decoded in full when they were packed
  uint64_t smallest_bytes = 0, largest_bytes = 0;
  std::vector<std::pair<std::string, uint64_t>> encodings;  ///< by the first bytes of up to 200 records: {"jpeg", 198}
  uint64_t looked_at = 0;                                   ///< records whose first bytes were looked at
  /// How well the order on disk is shuffled by class: 1 where neighbours are of one class as rarely as by chance, 0 where classes
  /// lie in one piece each. -1 where it means nothing (one class, no labels).
  double order_quality = -1;
  std::vector<std::string> notes;
};

/// Reads at most 200 records.
DataInfo info_of(const io::Dataset& data);

}  // namespace penstock
