// What makes the replicas of several lanes one network: the sums that they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/device/collective.h"

namespace penstock::learn {

/// One lane's view of its group. All lanes take the same steps in the same order.
struct Replicas {
  /// Sums gradients while the backward pass still runs, from a thread of the learner's own.
  std::unique_ptr<Collective> gradients;
  /// Sums losses, counts and SyncBatchNorm's statistics, from the thread that calls step(). Calls of the two never wait for one another.
  std::unique_ptr<Collective> counts;
  /// Records of a step over all lanes when none is missing: what gradients are scaled by before it is known how many there were.
  int64_t global_batch = 1;
  /// Gradients that are summed in one call; the first bucket is on its way while the backward pass makes the next. 25 MB as PyTorch's.
  size_t bucket_bytes = size_t{25} << 20;
  /// Batch norms count over all lanes' records (SyncBatchNorm), not over each lane's alone.
  bool sync_batch_norm = false;

  bool many() const { return counts != nullptr && counts->size() > 1; }
};

}  // namespace penstock::learn
