#include "io/table/sampled_sum.h"

#include <algorithm>
#include <vector>

#include "io/file/checksum.h"

namespace penstock::io {

uint64_t sampled_sum(const File& file) {
  constexpr uint64_t kStretches = 64, kBytes = 65536;
  const uint64_t size = file.size(), last = size - std::min(size, kBytes);
  Checksum sum;
  sum.add(size);
  std::vector<std::byte> stretch(kBytes);
  for (uint64_t s = 0; s < kStretches; ++s) {
    // The stretches of a small file follow one another; those of a large one are spread.
    const uint64_t at = size <= kStretches * kBytes ? s * kBytes : last / (kStretches - 1) * s;
    if (at >= size) break;
    const uint64_t from = s == kStretches - 1 && size > kStretches * kBytes ? last : at;
    const size_t got = file.read_at(from, stretch);
    sum.add(std::span(stretch).first(got));
  }
  return sum.value();
}

}  // namespace penstock::io
