#include "stages/learn/distinct_codes.h"

#include <array>
#include <cstddef>
#include <utility>

namespace penstock::learn {

void distinct_codes(const int32_t* codes, int64_t count, int64_t stride, int32_t* places,
                    std::vector<int32_t>& distinct, std::vector<uint64_t>& scratch) {
  distinct.clear();
  if (count == 0) return;
  const auto n = static_cast<size_t>(count);
  scratch.resize(2 * n);
  uint64_t *from = scratch.data(), *to = scratch.data() + n;
  const auto first = static_cast<uint32_t>(codes[0]);
  uint32_t differ = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto code = static_cast<uint32_t>(codes[static_cast<int64_t>(i) * stride]);
    differ |= code ^ first;
    from[i] = uint64_t{code} << 32 | i;  // the row beside its code: batches have fewer than 2^32
  }
  for (uint32_t shift = 0; shift < 32; shift += 8) {
    if ((differ >> shift & 0xFF) == 0) continue;
    std::array<size_t, 256> starts{};
    for (size_t i = 0; i < n; ++i) ++starts[from[i] >> (32 + shift) & 0xFF];
    size_t sum = 0;
    for (size_t& start : starts) sum += std::exchange(start, sum);
    for (size_t i = 0; i < n; ++i) to[starts[from[i] >> (32 + shift) & 0xFF]++] = from[i];
    std::swap(from, to);
  }
  for (size_t i = 0; i < n; ++i) {
    const auto code = static_cast<int32_t>(from[i] >> 32);
    if (distinct.empty() || distinct.back() != code) distinct.push_back(code);
    places[static_cast<int64_t>(from[i] & 0xFFFFFFFF) * stride] = static_cast<int32_t>(distinct.size() - 1);
  }
}

}  // namespace penstock::learn
