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

/// How inputs weigh in an output: Pillow's filters of the same names, widened by the factor of shrinking (antialias).
enum class Filter : std::uint8_t {
  kBilinear,  ///< a triangle
  kBicubic,   ///< Keys 1981 with a = -0.5
  kArea,      ///< the mean of the area below (Pillow's BOX)
};

/// Every view is one resize: `region` of the picture is resized to `full`, and of that the part `window` is kept.
/// Pixels outside of `region` have no influence; what lies outside of `window` is not computed.
struct View {
  Rect region;
  Size full;
  Rect window;
  Filter filter = Filter::kBilinear;
  /// 1 or 2: the decoder makes the picture so many times smaller first (Decoder::decode_shrunk), and the resizer goes on from
  /// there. `region` stays in pixels of the whole picture.
  int shrink = 1;
};

/// How much smaller a decoder may make the picture before this view is taken of it, with PSNR >= 38 dB against the view of
/// the whole picture: 2 where the region is four times as large as `full` on both sides, so that the resizer still averages 2 x 2
/// pixels and hides what the shorter transform lost; else 1. A quarter or an eighth does not keep 38 dB on every picture, however
/// large it is: measured in README.md.
int lossless_shrink(const View& view);

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
