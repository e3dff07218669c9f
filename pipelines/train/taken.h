// What logs and the ledger keep of a batch that the lanes took.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/batch.h"
#include "pipelines/job/together.h"

namespace penstock::train {

/// One step, over all processes: ids in batch order.
struct Taken {
  uint64_t epoch = 0;
  uint64_t step = 0;
  std::vector<uint64_t> ids;
  std::vector<Rejection> rejections;

  /// Appends the share of the next rank.
  void add(const Taken& share);
};

/// This process's share.
Taken taken_of(const Batch& batch);
/// The step over all processes, at the root; elsewhere this process's share. A call of all processes.
Taken joined(Together& together, Taken share);

/// For a message between the processes of one run, which are the same program; not for files.
std::string pack(const Taken& taken);
Taken unpack_taken(std::string_view bytes);

}  // namespace penstock::train
