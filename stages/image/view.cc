#include "stages/image/view.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/order/draws.h"
#include "stages/image/log_scale.h"

namespace penstock::image {
namespace {

constexpr int kTries = 10;  // torchvision's
// A hair of 65,535 x 1 pixels, resized to be thousands wide, would be longer than an int can say.
constexpr std::int64_t kMaxFull = 1 << 30;

// Python's round(): halves go to the even neighbour.
int rounded(double value) { return static_cast<int>(std::nearbyint(value)); }

Rect largest_centred_crop(Size picture, const CropRange& range) {
  const double ratio = static_cast<double>(picture.width) / picture.height;
  int width = picture.width, height = picture.height;
  if (ratio < range.ratio_low) height = std::clamp(rounded(width / range.ratio_low), 1, picture.height);
  if (ratio > range.ratio_high) width = std::clamp(rounded(height * range.ratio_high), 1, picture.width);
  return {(picture.width - width) / 2, (picture.height - height) / 2, width, height};
}

}  // namespace

Rect random_crop(Size picture, const CropRange& range, Draws& draws) {
  const double area = static_cast<double>(picture.height) * picture.width;
  const double log_low = portable_log(range.ratio_low), log_high = portable_log(range.ratio_high);
  for (int i = 0; i < kTries; ++i) {
    const double target = area * draws.uniform(range.scale_low, range.scale_high);
    const double ratio = portable_exp(draws.uniform(log_low, log_high));
    // Both may be far outside of int where the picture is extreme: compared as doubles first.
    const double wide = std::sqrt(target * ratio), high = std::sqrt(target / ratio);
    if (wide > picture.width + 1.0 || high > picture.height + 1.0) continue;
    const int width = rounded(wide), height = rounded(high);
    if (width < 1 || height < 1 || width > picture.width || height > picture.height) continue;
    const auto y = static_cast<int>(draws.below(static_cast<std::uint64_t>(picture.height - height) + 1));
    const auto x = static_cast<int>(draws.below(static_cast<std::uint64_t>(picture.width - width) + 1));
    return {x, y, width, height};
  }
  return largest_centred_crop(picture, range);
}

View random_resized_crop(Size picture, Size out, const CropRange& range, Draws& draws) {
  return {random_crop(picture, range, draws), out, {0, 0, out.width, out.height}};
}

View center_crop(Size picture, Size out, double fraction) {
  PENSTOCK_CHECK(fraction > 0 && fraction <= 1);
  const std::int64_t height = std::max(out.height, rounded(out.height / fraction));
  const std::int64_t width = std::max(out.width, rounded(out.width / fraction));
  Size full;
  if (width * picture.height <= height * picture.width) {  // the height decides
    full = {static_cast<int>(height), static_cast<int>(std::min(kMaxFull, height * picture.width / picture.height))};
  } else {
    full = {static_cast<int>(std::min(kMaxFull, width * picture.height / picture.width)), static_cast<int>(width)};
  }
  const int top = rounded((full.height - out.height) / 2.0), left = rounded((full.width - out.width) / 2.0);
  return {{0, 0, picture.width, picture.height}, full, {left, top, out.width, out.height}};
}

View resize_whole(Size picture, Size out) {
  return {{0, 0, picture.width, picture.height}, out, {0, 0, out.width, out.height}};
}

int lossless_shrink(const View& view) {
  const Size& out = view.full;
  return view.region.width / 4 >= out.width && view.region.height / 4 >= out.height ? 2 : 1;
}

}  // namespace penstock::image
