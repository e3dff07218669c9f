#include "io/table/sampled_sum.h"

#include <algorithm>
#include <vector>

#include "io/file/checksum.h"

namespace penstock::io {

uint64_t sampled_sum(const File& file) {
  constexpr uint64_t kStretches = 256, kBytes = 65536;
  static_assert(kStretches * kBytes <= kSummedWhole);
  const uint64_t size = file.size();
  const bool whole = size <= kSummedWhole;
  const uint64_t stretches = whole ? (size + kBytes - 1) / kBytes : kStretches;
  Checksum sum;
  sum.add(size);
  std::vector<std::byte> stretch(kBytes);
  for (uint64_t s = 0; s < stretches; ++s) {
    const uint64_t at = whole                ? s * kBytes
                        : s + 1 == stretches ? size - kBytes
                                             : (size - kBytes) / (kStretches - 1) * s;
    const size_t got = file.read_at(at, stretch);
    sum.add(std::span(stretch).first(got));
  }
  return sum.value();
}

}  // namespace penstock::io
