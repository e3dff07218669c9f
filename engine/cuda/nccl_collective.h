// The Collective of lanes that are GPUs: NCCL.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/device/collective.h"

namespace penstock {

/// What the ranks of a group share. Rank 0 makes one and the caller brings it to the others: in memory within a process, by another
/// Collective's broadcast between processes. Plain bytes.
using NcclId = std::array<std::byte, 128>;
/// Error kDevice.
NcclId make_nccl_id();

struct NcclOptions {
  double timeout_seconds = 600;  ///< of making the group, and of every call
};

/// Values may lie in the memory of this rank's GPU or in the host's, which is copied there and back. Each call is queued on a stream of its own, so
/// what other streams do to the values must be done before, and is waited for.
///
/// Sums are NCCL's: the same bits in all ranks, and in every run on the same number and kind of GPUs, linked alike; not those of InProcessGroup, which
/// adds in rank order. A rank that does not come, or calls something else, is told by the timeout (Error kDevice: what was called, how long it
/// waited); the group is aborted then and all later calls fail with that Error. Error kCancelled after abort().
class NcclCollective : public Collective {
 public:
  /// What each rank runs on: "NVIDIA H100 80GB HBM3".
  virtual const std::vector<std::string>& gpus() const = 0;
  /// Names unequal GPUs, since the slowest sets the pace: "rank 0 is a ..., rank 3 a ..."; empty where all are alike.
  virtual std::string unequal_text() const = 0;
  /// Releases this rank from a call in progress, and fails the later ones. From any thread; the first counts.
  virtual void abort(std::string why) = 0;
};

/// Rank `rank` of `size` on GPU `device_index`; each rank in a thread of its own, no two on one GPU. Returns when all ranks are there.
std::unique_ptr<NcclCollective> make_nccl_collective(int device_index, const NcclId& id, uint32_t rank, uint32_t size,
                                                     const NcclOptions& options = {}, Clock& clock = Clock::system());

/// For unequal_text(): names, by rank.
std::string unequal_gpus(const std::vector<std::string>& gpus);

}  // namespace penstock
