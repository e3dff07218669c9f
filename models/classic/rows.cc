#include "models/classic/rows.h"

#include <algorithm>

namespace penstock::classic {

void MemoryRows::read(uint64_t first, std::span<float> into) {
  const size_t begin = static_cast<size_t>(first) * rows_.width;
  PENSTOCK_CHECK(begin + into.size() <= rows_.rows * rows_.width);
  std::copy_n(rows_.data + begin, into.size(), into.data());
}

bool far_from_zero(std::span<const float> middle, double spread2) {
  double away2 = 0;
  for (const float x : middle) away2 += static_cast<double>(x) * static_cast<double>(x);
  return away2 > spread2;
}

}  // namespace penstock::classic
