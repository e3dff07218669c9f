// The Collective of lanes that are threads of one process.
#pragma once

#include <memory>
#include <string>

#include "engine/device/collective.h"

namespace penstock {

/// n ranks in n threads. Sums are made in rank order, rank 0 first, each rank adding its part of the values for all.
/// Ranks may outlive the group object.
class InProcessGroup {
 public:
  explicit InProcessGroup(uint32_t size);

  /// Once for each rank; a lane's thread owns it.
  std::unique_ptr<Collective> rank(uint32_t rank);
  /// Releases all who wait and fails all later calls with Error kCancelled, `why`. From any thread; the first counts.
  void abort(std::string why);

 private:
  struct Core;
  class Rank;
  std::shared_ptr<Core> core_;
};

}  // namespace penstock
