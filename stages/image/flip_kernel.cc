#include "stages/image/flip_kernel.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stages/image/flip_kernel.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::image {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void mirror_row(const std::uint8_t* from, std::int64_t width, std::uint8_t* to) {
  for (std::int64_t x = 0; x < width; ++x) std::copy_n(from + 3 * (width - 1 - x), 3, to + 3 * x);
}

#else

// Five pixels backwards; the sixteenth byte is rubbish and written over by the next five.
alignas(16) constexpr std::uint8_t kFiveBackwards[16] = {12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, 15};

void mirror_row(const std::uint8_t* from, std::int64_t width, std::uint8_t* HWY_RESTRICT to) {
  const hn::FixedTag<std::uint8_t, 16> d;
  const auto backwards = hn::Load(d, kFiveBackwards);
  std::int64_t x = 0;
  for (; x + 6 <= width; x += 5)
    hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, from + 3 * (width - 5 - x)), backwards), d, to + 3 * x);
  for (; x < width; ++x) std::copy_n(from + 3 * (width - 1 - x), 3, to + 3 * x);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace penstock::image
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::image {

HWY_EXPORT(mirror_row);

void mirror_rgb(std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::vector<std::uint8_t>& row) {
  constexpr std::size_t kOver = 16;  // the first load ends a byte behind the row
  const auto bytes = static_cast<std::size_t>(width) * 3;
  row.resize(std::max(row.size(), bytes + kOver));
  for (std::int64_t y = 0; y < height; ++y, pixels += bytes) {
    std::copy_n(pixels, bytes, row.data());
    HWY_DYNAMIC_DISPATCH(mirror_row)(row.data(), width, pixels);
  }
}

}  // namespace penstock::image
#endif
