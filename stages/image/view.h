// Which part of a picture is looked at, and at what size: pure geometry, the same as torchvision's.
#pragma once

#include <cstdint>

#include "stages/image/pixels.h"

namespace penstock {
class Draws;
}

namespace penstock::image {

struct Size {
  int height = 0;
  int width = 0;
  bool operator==(const Size&) const = default;
};

/// Every view is one resize: `region` of the picture is resized to `full`, and of that the part `window` is kept.
/// Pixels outside of `region` have no influence; what lies outside of `window` is not computed.
struct View {
  Rect region;
  Size full;
  Rect window;
};

/// RandomResizedCrop's choice: the area is scale_low..scale_high of the picture's, the ratio width / height is drawn
/// from ratio_low..ratio_high on a logarithmic scale.
struct CropRange {
  double scale_low = 0.08, scale_high = 1.0;
  double ratio_low = 3.0 / 4.0, ratio_high = 4.0 / 3.0;
};

/// torchvision's RandomResizedCrop.get_params: ten tries, then the largest centred crop within the ratios.
/// The same algorithm and rounding; the draws are Penstock's.
Rect random_crop(Size picture, const CropRange& range, Draws& draws);

View random_resized_crop(Size picture, Size out, const CropRange& range, Draws& draws);

/// Resize(round(side / fraction)) of the shorter side, then CenterCrop, with torchvision's rounding. For an oblong
/// `out` the picture is resized to just cover out / fraction. fraction is in (0, 1].
View center_crop(Size picture, Size out, double fraction);

/// The whole picture resized to `out`, whatever its shape.
View resize_whole(Size picture, Size out);

}  // namespace penstock::image
