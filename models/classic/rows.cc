#include "models/classic/rows.h"

#include <algorithm>

namespace penstock::classic {

void MemoryRows::read(uint64_t first, std::span<float> into) {
  const size_t begin = static_cast<size_t>(first) * rows_.width;
  PENSTOCK_CHECK(begin + into.size() <= rows_.rows * rows_.width);
  std::copy_n(rows_.data + begin, into.size(), into.data());
}

}  // namespace penstock::classic
