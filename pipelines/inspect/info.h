// What a data set is, without reading its records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/order/epoch_plan.h"
#include "engine/order/order_quality.h"
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
  OrderQuality order;                                       ///< of an epoch by InfoOptions
  std::vector<std::string> notes;
};

/// The epoch whose order is looked at: as stored unless set.
struct InfoOptions {
  Order order = Order::kSequential;
  uint64_t block = 0;  ///< records; 0: what a run would take
  uint64_t group_blocks = 8;
  uint64_t batch = 256;
  uint64_t seed = 1;
};

/// Reads at most 200 records. Throws kUsage where no epoch can be made of the options.
DataInfo info_of(const io::Dataset& data, const InfoOptions& options = {});

}  // namespace penstock
