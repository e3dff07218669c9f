// What is done to one pixel, for CPU and GPU alike: the values of stages/image/augment (colour_reference.cc, mix.h), byte for byte.
#pragma once

#include <cstdint>

namespace penstock::device {

struct Rgb {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Rgb&) const = default;
};

/// degenerate + factor * (value - degenerate), in f32, cut off and held in 0..255 (Pillow's Blend.c).
constexpr uint8_t blend(int degenerate, int value, float factor) {
  const float mixed = static_cast<float>(degenerate) + factor * static_cast<float>(value - degenerate);
  if (mixed <= 0) return 0;
  return mixed >= 255 ? 255 : static_cast<uint8_t>(mixed);
}
constexpr Rgb blend(Rgb degenerate, Rgb value, float factor) {
  return {blend(degenerate.r, value.r, factor), blend(degenerate.g, value.g, factor),
          blend(degenerate.b, value.b, factor)};
}

/// ITU-R 601-2 in 16-bit fixed point (Pillow's Convert.c).
constexpr uint8_t luma(Rgb p) { return static_cast<uint8_t>((p.r * 19595 + p.g * 38470 + p.b * 7471 + 0x8000) >> 16); }

/// (first * weight + second * (256 - weight)) / 256, rounded; weight 0 to 256.
constexpr uint8_t mixed(uint8_t first, uint8_t second, int weight) {
  return static_cast<uint8_t>((first * weight + second * (256 - weight) + 128) >> 8);
}

namespace pixel_detail {

constexpr int held(int v) { return v < 0 ? 0 : v > 255 ? 255 : v; }
/// Of x >= 0; halves go up.
constexpr int rounded(double x) {
  const int whole = static_cast<int>(x);
  return x - whole >= 0.5 ? whole + 1 : whole;
}

}  // namespace pixel_detail

/// One pixel whose hue is turned by `steps` of 1/255, modulo 256: to HSV in u8 and back (Pillow's Convert.c, after Python's colorsys).
constexpr Rgb turned_hue(Rgb p, uint8_t steps) {
  using namespace pixel_detail;
  const int r = p.r, g = p.g, b = p.b;
  const int most = r > g ? (r > b ? r : b) : (g > b ? g : b), least = r < g ? (r < b ? r : b) : (g < b ? g : b);
  if (most == least) return p;
  const auto range = static_cast<float>(most - least);
  const float from_r = static_cast<float>(most - r) / range, from_g = static_cast<float>(most - g) / range,
              from_b = static_cast<float>(most - b) / range;
  const float sixths = r == most ? from_b - from_g
                       : g == most
                           ? static_cast<float>(2.0 + static_cast<double>(from_r) - static_cast<double>(from_b))
                           : static_cast<float>(4.0 + static_cast<double>(from_g) - static_cast<double>(from_r));
  const double turn = static_cast<double>(sixths) / 6.0 + 1.0;  // 5/6 to 2
  const auto circle = static_cast<float>(turn - static_cast<int>(turn));
  const int s = held(static_cast<int>(static_cast<double>(range / static_cast<float>(most)) * 255.0));
  const int h = (held(static_cast<int>(static_cast<double>(circle) * 255.0)) + steps) & 255;
  const auto whole = static_cast<uint8_t>(most);
  if (s == 0) return {whole, whole, whole};
  const double at = static_cast<double>(static_cast<float>(h)) * 6.0 / 255.0;
  const int sector = static_cast<int>(at);
  const auto within = static_cast<float>(at - sector);
  const auto share = static_cast<float>(s / 255.0);
  const double v = most;
  const auto ramp = [&](double by) { return static_cast<uint8_t>(held(rounded(v * (1.0 - by)))); };
  const uint8_t low = ramp(static_cast<double>(share)), falling = ramp(static_cast<double>(share * within)),
                rising = ramp(static_cast<double>(share) * (1.0 - static_cast<double>(within)));
  switch (sector % 6) {
    case 0: return {whole, rising, low};
    case 1: return {falling, whole, low};
    case 2: return {low, whole, rising};
    case 3: return {low, falling, whole};
    case 4: return {rising, low, whole};
    default: return {whole, low, falling};
  }
}

}  // namespace penstock::device
