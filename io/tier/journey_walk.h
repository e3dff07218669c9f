// The records that a run is going to ask for, one after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/data/source.h"

namespace penstock::io {

/// One record of a journey. Its ordinal is its place in the journey, from 0.
struct Stop {
  uint64_t epoch = 0;
  uint64_t position = 0;  ///< in the epoch
  uint64_t place = 0;     ///< in the plan's own count: in storage order where it goes by it, else the id
  uint64_t id = 0;
};

/// The journey as a list that is never held: ordinals and stops, in constant time and memory. Const members are thread-safe.
class JourneyWalk {
 public:
  /// `journey.plan` and `source` must outlive it.
  JourneyWalk(const Journey& journey, const Source& source);

  uint64_t size() const { return end_ - begin_; }
  /// Stops [first, last) of the journey, ids in storage order where the plan goes by it.
  std::vector<Stop> stops(uint64_t first, uint64_t last) const;
  /// Nothing where the journey does not come by there.
  std::optional<uint64_t> ordinal(uint64_t epoch, uint64_t position) const;
  /// Where the run of stops that are read together, and that begins at `first`, ends: of one block group under Order::kBlock, and of one epoch always.
  uint64_t group_end(uint64_t first) const;

 private:
  struct Place {
    uint64_t epoch = 0, step = 0, within = 0;
  };
  Place place(uint64_t counted) const;
  uint64_t count_of(uint64_t step) const;

  const Journey journey_;
  const Source& source_;
  uint64_t each_ = 0;       ///< stops of a step, but for the last of an epoch
  uint64_t per_epoch_ = 0;  ///< stops of a whole epoch
  uint64_t begin_ = 0;      ///< counted from the start of the first epoch
  uint64_t end_ = 0;
};

}  // namespace penstock::io
