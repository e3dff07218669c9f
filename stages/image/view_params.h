// How a recipe says which part of a picture is seen: the parameters that decoding shares with masks and boxes of the same pictures.
#pragma once

#include <array>
#include <string>

#include "engine/data/schema.h"
#include "engine/graph/params.h"
#include "stages/image/view.h"

namespace penstock::image {

enum class ViewKind : std::uint8_t { kRandomResizedCrop, kCenterCrop, kResize };
enum class OrientationRule : std::uint8_t { kIgnore, kHonour };

/// Throws Error kUsage that names `what` where range[0] > range[1].
void require_rising(const std::array<double, 2>& range, const std::string& what);

/// The field `name`, which holds encoded pictures; `who` asks. Throws Error kUsage where it is of another type.
const Field& require_encoded(const Schema& in, const char* name, const char* who);

/// Equal parameters and equal draws give the same part of pictures of the same size.
struct ViewParams {
  ViewKind view = ViewKind::kRandomResizedCrop;
  std::array<int, 2> size = {224, 224};
  std::array<double, 2> scale = {0.08, 1.0};
  std::array<double, 2> ratio = {3.0 / 4.0, 4.0 / 3.0};
  double crop_fraction = 0.875;
  OrientationRule orientation = OrientationRule::kIgnore;

  /// The lines of `t` for these; P is derived from ViewParams.
  template <class P>
  static void describe(ParamTable<P>& t) {
    t.add("view", &ViewParams::view, "which part of the picture is seen",
          one_of<ViewKind>({{"random-resized-crop", ViewKind::kRandomResizedCrop},
                            {"center-crop", ViewKind::kCenterCrop},
                            {"resize", ViewKind::kResize}}));
    t.add("size", &ViewParams::size, "pixels that come out: one side of a square, or [height, width]",
          in_range(1, 16384));
    t.add("scale", &ViewParams::scale, "random-resized-crop: share of the picture's area, from and to",
          above_up_to(0, 1));
    t.add("ratio", &ViewParams::ratio, "random-resized-crop: width / height, from and to", in_range(0.01, 100));
    t.add("crop_fraction", &ViewParams::crop_fraction,
          "center-crop: the shorter side is resized to size / crop_fraction first", in_range(0.05, 1));
    t.add("orientation", &ViewParams::orientation,
          "whether EXIF may turn the picture; torchvision's ImageFolder ignores it",
          one_of<OrientationRule>({{"ignore", OrientationRule::kIgnore}, {"honour", OrientationRule::kHonour}}));
  }

  /// Throws Error kUsage that names `who` where scale or ratio run from high to low.
  void require_sense(const char* who) const;
  bool honours_orientation() const { return orientation == OrientationRule::kHonour; }
  bool draws() const { return view == ViewKind::kRandomResizedCrop; }
  CropRange range() const { return {scale[0], scale[1], ratio[0], ratio[1]}; }
  View choose(Size picture, Draws& draws) const;
};

}  // namespace penstock::image
