#include "pipelines/stream/tiers.h"

#include <algorithm>
#include <cstdio>

#include "engine/base/bytes.h"

namespace penstock {

void add_tiers(std::vector<TierUse>& sum, std::span<const TierUse> part) {
  for (const TierUse& tier : part) {
    const auto same = std::find_if(sum.begin(), sum.end(), [&](const TierUse& t) { return t.name == tier.name; });
    if (same == sum.end()) {
      sum.push_back(tier);
      continue;
    }
    const double predicted_bytes = same->predicted_bytes_per_second * same->predicted_seconds +
                                   tier.predicted_bytes_per_second * tier.predicted_seconds;
    same->hits += tier.hits;
    same->misses += tier.misses;
    same->bytes_needed += tier.bytes_needed;
    same->bytes_read += tier.bytes_read;
    same->reads += tier.reads;
    same->busy_seconds += tier.busy_seconds;
    same->predicted_seconds += tier.predicted_seconds;
    same->predicted_bytes_per_second =
        same->predicted_seconds > 0 ? predicted_bytes / same->predicted_seconds : tier.predicted_bytes_per_second;
    same->kept = tier.kept;
  }
}

double achieved_bytes_per_second(const TierUse& tier) {
  return tier.busy_seconds > 0 ? static_cast<double>(tier.bytes_read) / tier.busy_seconds : 0;
}

std::string tiers_text(std::span<const TierUse> tiers, uint64_t records) {
  std::string out;
  char line[256];
  for (const TierUse& tier : tiers) {
    std::snprintf(line, sizeof line, "%-12s %llu records, %s", tier.name.c_str(),
                  static_cast<unsigned long long>(tier.hits), bytes_text(tier.bytes_needed).c_str());
    out += line;
    if (tier.reads > 0) {
      out += " in " + std::to_string(tier.reads) + " reads of " + bytes_text(tier.bytes_read) + ", " +
             byte_rate_text(achieved_bytes_per_second(tier)) + " while busy";
      if (tier.predicted_bytes_per_second > 0)
        out += " (its model says " + byte_rate_text(tier.predicted_bytes_per_second) + ")";
    }
    if (tier.misses > 0) out += "; missed " + std::to_string(tier.misses);
    if (tier.kept > 0) {
      out += "; keeps " + std::to_string(tier.kept) + " of " + std::to_string(records) + ", so that " +
             std::to_string(records - std::min(records, tier.kept)) + " misses an epoch are the least";
    }
    out += "\n";
  }
  return out;
}

}  // namespace penstock
