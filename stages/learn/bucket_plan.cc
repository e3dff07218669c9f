#include "stages/learn/bucket_plan.h"

#include <numeric>

namespace penstock::learn {

std::vector<size_t> plan_buckets(std::span<const size_t> bytes, size_t bucket_bytes, size_t last_bytes) {
  std::vector<size_t> buckets;
  size_t left = std::accumulate(bytes.begin(), bytes.end(), size_t{0});
  size_t filled = 0;
  bool closed = true, last = false;
  for (const size_t parameter : bytes) {
    if (closed) {
      buckets.push_back(0);
      filled = 0;
      last = left <= last_bytes;
    }
    ++buckets.back();
    filled += parameter;
    left -= parameter;
    closed = !last && (filled >= bucket_bytes || filled >= left);
  }
  return buckets;
}

}  // namespace penstock::learn
