// The kernels of augmentation, as jobs (each.h). They give the bytes of stages/image: its resizer, its colours, its mixing.
#pragma once

#include <cstdint>

#include "stages/device/augment_plan.h"
#include "stages/device/image_cache.h"
#include "stages/device/pixel_math.h"

namespace penstock::device {

/// Looks up where each picture lies: one index a picture.
struct Locate {
  ImageIndex index;
  const ImagePlan* plans = nullptr;
  CachedImage* found = nullptr;  ///< (count)

  constexpr void operator()(int64_t i) const { found[i] = index.find(plans[i].record); }
};

inline constexpr int kTapBits = 22;  ///< of a weight; stages/image/resize_taps.h

/// The inputs and weights of the outputs of one axis: output i is the sum over t < count of input[first + t] * weights[t].
struct Taps {
  int32_t first = 0;
  int32_t count = 0;
};

/// All taps of a batch: of picture n, the outputs 0..out_width-1 across and behind them out_height down.
struct TapsRoom {
  Taps* taps = nullptr;        ///< (count, out_width + out_height)
  int32_t* weights = nullptr;  ///< (count, out_width + out_height, most)
  int most = 0;                ///< taps of one output, at most
  int out_width = 0, out_height = 0;

  constexpr int64_t outputs() const { return int64_t{out_width} + out_height; }
  constexpr const Taps& across(int64_t n, int x) const { return taps[n * outputs() + x]; }
  constexpr const Taps& down(int64_t n, int y) const { return taps[n * outputs() + out_width + y]; }
  constexpr const int32_t* across_weights(int64_t n, int x) const { return weights + (n * outputs() + x) * most; }
  constexpr const int32_t* down_weights(int64_t n, int y) const {
    return weights + (n * outputs() + out_width + y) * most;
  }
};

/// The taps of a triangle of at least one output pixel's width, in the order of operations of ResizeTaps::make (Pillow's
/// precompute_coeffs), so that every weight rounds to the same integer. One index an output of an axis.
struct MakeTaps {
  const ImagePlan* plans = nullptr;
  TapsRoom room;

  static constexpr double triangle(double x) {
    if (x < 0) x = -x;
    return x < 1.0 ? 1.0 - x : 0.0;
  }
  constexpr void operator()(int64_t i) const {
    const ImagePlan& plan = plans[i / room.outputs()];
    const auto output = static_cast<int>(i % room.outputs());
    const bool across = output < room.out_width;
    const int in = across ? plan.width : plan.height, out = across ? room.out_width : room.out_height;
    const double scale = static_cast<double>(in) / out, support = scale > 1.0 ? scale : 1.0, inverse = 1.0 / support;
    const double center = (static_cast<double>(across ? output : output - room.out_width) + 0.5) * scale;
    const int wanted_low = static_cast<int>(center - support + 0.5),
              wanted_high = static_cast<int>(center + support + 0.5);
    const int low = wanted_low > 0 ? wanted_low : 0, high = wanted_high < in ? wanted_high : in;
    double sum = 0;
    for (int t = 0; t < high - low; ++t) sum += triangle((t + low - center + 0.5) * inverse);
    for (int t = 0; t < high - low; ++t) {
      const double exact = triangle((t + low - center + 0.5) * inverse), weight = sum != 0.0 ? exact / sum : exact;
      room.weights[i * room.most + t] = static_cast<int32_t>(0.5 + weight * (1 << kTapBits));
    }
    room.taps[i] = {low, high - low};
  }
};

/// Crops, resizes (antialiased triangle; rows first, rounded to u8, as Pillow does) and mirrors. One index a pixel that comes out.
struct CropResize {
  const ImagePlan* plans = nullptr;
  const CachedImage* images = nullptr;
  TapsRoom room;
  uint8_t* out = nullptr;  ///< u8 (count, out_height, out_width, 3)

  static constexpr int32_t rounded(int32_t sum) {
    const int32_t value = (sum + (1 << (kTapBits - 1))) >> kTapBits;
    return value < 0 ? 0 : value > 255 ? 255 : value;
  }
  constexpr void operator()(int64_t i) const {
    const int64_t row = i / room.out_width, n = row / room.out_height;
    const auto x_out = static_cast<int>(i % room.out_width), y = static_cast<int>(row % room.out_height);
    const ImagePlan& plan = plans[n];
    const int x = plan.flip ? room.out_width - 1 - x_out : x_out;
    const Taps across = room.across(n, x), down = room.down(n, y);
    const int32_t *across_weights = room.across_weights(n, x), *down_weights = room.down_weights(n, y);
    const CachedImage image = images[n];
    const int64_t stride = int64_t{3} * image.width;
    const uint8_t* from = image.rgb + (plan.y + down.first) * stride + int64_t{3} * (plan.x + across.first);
    int32_t sums[3] = {0, 0, 0};
    for (int v = 0; v < down.count; ++v, from += stride) {
      int32_t narrow[3] = {0, 0, 0};
      for (int h = 0; h < across.count; ++h)
        for (int c = 0; c < 3; ++c) narrow[c] += from[3 * h + c] * across_weights[h];
      for (int c = 0; c < 3; ++c) sums[c] += rounded(narrow[c]) * down_weights[v];
    }
    for (int c = 0; c < 3; ++c) out[3 * i + c] = static_cast<uint8_t>(rounded(sums[c]));
  }
};

/// One pixel through the first `changes` of its picture's changes of colour. `grey`: what contrast blends with.
constexpr Rgb changed(Rgb p, const ImagePlan& plan, int changes, int grey) {
  for (int k = 0; k < changes; ++k) {
    const auto mean = static_cast<uint8_t>(grey);
    switch (plan.order[k]) {
      case 0: p = blend(Rgb{}, p, plan.factors[0]); break;
      case 1: p = blend(Rgb{mean, mean, mean}, p, plan.factors[1]); break;
      case 2: {
        const uint8_t own = luma(p);
        p = blend(Rgb{own, own, own}, p, plan.factors[2]);
        break;
      }
      default: p = turned_hue(p, plan.hue_steps); break;
    }
  }
  return p;
}

/// How many changes come before contrast; -1 where contrast is none of them.
constexpr int before_contrast(const ImagePlan& plan) {
  for (int k = 0; k < plan.changes; ++k)
    if (plan.order[k] == 1) return k;
  return -1;
}

/// Contrast wants the mean grey of the picture as it is when its turn comes. Each index sums every kParts-th pixel, from its own on.
struct SumGrey {
  static constexpr int kParts = 256;
  const ImagePlan* plans = nullptr;
  const uint8_t* pixels = nullptr;  ///< u8 (count, pixels_each, 3)
  int64_t pixels_each = 0;
  uint64_t* sums = nullptr;  ///< (count, kParts)

  constexpr void operator()(int64_t i) const {
    const ImagePlan& plan = plans[i / kParts];
    const int changes = before_contrast(plan);
    uint64_t sum = 0;
    if (changes >= 0) {
      const uint8_t* picture = pixels + i / kParts * pixels_each * 3;
      for (int64_t p = i % kParts; p < pixels_each; p += kParts)
        sum += luma(changed({picture[3 * p], picture[3 * p + 1], picture[3 * p + 2]}, plan, changes, 0));
    }
    sums[i] = sum;
  }
};

/// The mean grey of each picture, rounded. One index a picture.
struct MeanGrey {
  const uint64_t* sums = nullptr;
  int64_t pixels_each = 0;
  int32_t* greys = nullptr;  ///< (count)

  constexpr void operator()(int64_t i) const {
    uint64_t sum = 0;
    for (int k = 0; k < SumGrey::kParts; ++k) sum += sums[i * SumGrey::kParts + k];
    const auto pixels = static_cast<uint64_t>(pixels_each);
    greys[i] = static_cast<int32_t>((2 * sum + pixels) / (2 * pixels));
  }
};

/// Changes colours and erases, in place. One index a pixel.
struct ChangePixels {
  const ImagePlan* plans = nullptr;
  const int32_t* greys = nullptr;
  int width = 0, height = 0;
  uint8_t* pixels = nullptr;  ///< u8 (count, height, width, 3)

  constexpr void operator()(int64_t i) const {
    const int64_t row = i / width, n = row / height;
    const auto x = static_cast<int>(i % width), y = static_cast<int>(row % height);
    const ImagePlan& plan = plans[n];
    Rgb p{pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]};
    p = changed(p, plan, plan.changes, greys[n]);
    const bool lost = x >= plan.erase_x && x < plan.erase_x + plan.erase_width && y >= plan.erase_y &&
                      y < plan.erase_y + plan.erase_height;
    if (lost) p = {plan.erase_colour[0], plan.erase_colour[1], plan.erase_colour[2]};
    pixels[3 * i] = p.r, pixels[3 * i + 1] = p.g, pixels[3 * i + 2] = p.b;
  }
};

/// Blends picture i with picture i - 1, the first with the last, in place. One index a value of a picture: it goes through the batch from
/// the last picture on, so that each neighbour is still as it was.
struct MixPictures {
  uint8_t* pixels = nullptr;
  int64_t count = 0, values_each = 0;
  int weight = 256;

  constexpr void operator()(int64_t i) const {
    const uint8_t last = pixels[(count - 1) * values_each + i];
    for (int64_t n = count - 1; n >= 0; --n) {
      const uint8_t before = n == 0 ? last : pixels[(n - 1) * values_each + i];
      uint8_t& here = pixels[n * values_each + i];
      here = mixed(here, before, weight);
    }
  }
};

}  // namespace penstock::device
