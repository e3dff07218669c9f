#include "models/classic/sample.h"

#include <algorithm>
#include <numeric>

#include "engine/order/draws.h"
#include "engine/order/permutation.h"
#include "engine/order/philox.h"

namespace penstock::classic {

std::vector<float> sample_rows(RowSource& source, size_t wanted, uint64_t seed, uint64_t draw, std::string_view what) {
  const uint64_t all = source.size();
  const size_t width = source.width();
  const auto n = static_cast<size_t>(std::min<uint64_t>(all, wanted));
  std::vector<uint64_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  if (n < all) {
    const Permutation order(all, derive_key(seed, draw, draw_key(what), Purpose::kFullShuffle));
    for (uint64_t& row : rows) row = order.at(row);
    std::sort(rows.begin(), rows.end());
  }
  std::vector<float> out(n * width);
  for (size_t i = 0; i < n;) {
    size_t run = 1;
    while (i + run < n && rows[i + run] == rows[i] + run) ++run;
    source.read(rows[i], {out.data() + i * width, run * width});
    i += run;
  }
  return out;
}

}  // namespace penstock::classic
