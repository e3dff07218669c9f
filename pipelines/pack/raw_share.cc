#include "pipelines/pack/raw_share.h"

#include <algorithm>
#include <vector>

namespace penstock {

RawShare choose_raw_share(std::span<const RawCandidate> candidates, const RawShareLimits& limits) {
  std::vector<const RawCandidate*> by_saving;
  double bytes = 0, seconds = 0;
  for (const RawCandidate& c : candidates) {
    by_saving.push_back(&c);
    bytes += c.jpeg_bytes;
    seconds += c.jpeg_seconds;
  }
  std::sort(by_saving.begin(), by_saving.end(),
            [](const RawCandidate* a, const RawCandidate* b) { return a->saved_per_byte() > b->saved_per_byte(); });
  const auto count = static_cast<double>(candidates.size());
  const auto rate = [&] {
    const double cores = count * limits.cores / seconds;
    return limits.disk_bytes_per_second > 0 ? std::min(cores, count * limits.disk_bytes_per_second / bytes) : cores;
  };
  RawShare best{.mean_bytes = bytes / count, .images_per_second = rate()};
  for (std::size_t i = 0; i < by_saving.size(); ++i) {
    const RawCandidate& c = *by_saving[i];
    bytes += c.raw_bytes - c.jpeg_bytes;
    seconds += c.raw_seconds - c.jpeg_seconds;
    if (c.saved_per_byte() <= 0 || bytes > limits.mean_bytes * count) break;
    // Records that save the same are taken together: the number that is returned cannot tell them apart.
    if (i + 1 < by_saving.size() && by_saving[i + 1]->saved_per_byte() == c.saved_per_byte()) continue;
    if (rate() < best.images_per_second) break;
    best = {c.saved_per_byte(), static_cast<double>(i + 1) / count, bytes / count, rate()};
  }
  return best;
}

}  // namespace penstock
