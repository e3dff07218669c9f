// What a run found on its tiers, added up and in words.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/data/source.h"

namespace penstock {

/// Adds what was found on tiers of the same name; `part` came after `sum`.
void add_tiers(std::vector<TierUse>& sum, std::span<const TierUse> part);

/// Bytes a second of a device while it was busy; 0 where it was not.
double achieved_bytes_per_second(const TierUse& tier);

/// A line a tier: records, bytes, reads, the rate achieved and the one that the device's model predicts; of a tier that keeps records how
/// many it missed, how many of the `records` of the data set, and with them the least misses an epoch that any policy could have.
std::string tiers_text(std::span<const TierUse> tiers, uint64_t records);

}  // namespace penstock
