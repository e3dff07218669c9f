#include "stages/image/augment/colour_reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace penstock::image::augment::reference {
namespace {

using Table = std::array<std::uint8_t, 256>;

template <class Work>
void each_pixel(PixelView picture, const Work& work) {
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) work(picture.row(y) + 3 * x);
}

template <class Work>
void each_value(PixelView picture, const Work& work) {
  each_pixel(picture, [&](std::uint8_t* rgb) {
    for (int c = 0; c < 3; ++c) rgb[c] = work(rgb[c]);
  });
}

std::array<std::int64_t, 256> histogram(PixelView picture, int channel) {
  std::array<std::int64_t, 256> counts{};
  each_pixel(picture, [&](const std::uint8_t* rgb) { ++counts[rgb[channel]]; });
  return counts;
}

void map_channel(PixelView picture, int channel, const Table& table) {
  each_pixel(picture, [&](std::uint8_t* rgb) { rgb[channel] = table[rgb[channel]]; });
}

std::uint8_t held(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

}  // namespace

std::uint8_t blend(int degenerate, int value, float factor) {
  const float mixed = static_cast<float>(degenerate) + factor * static_cast<float>(value - degenerate);
  if (mixed <= 0) return 0;
  return mixed >= 255 ? 255 : static_cast<std::uint8_t>(mixed);
}

std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

void brightness(PixelView picture, double factor) {
  each_value(picture, [&](std::uint8_t v) { return blend(0, v, static_cast<float>(factor)); });
}

void contrast(PixelView picture, double factor) {
  std::int64_t sum = 0;
  each_pixel(picture, [&](const std::uint8_t* rgb) { sum += luma(rgb); });
  const int mean = static_cast<int>(static_cast<double>(sum) / static_cast<double>(picture.pixels()) + 0.5);
  each_value(picture, [&](std::uint8_t v) { return blend(mean, v, static_cast<float>(factor)); });
}

void saturation(PixelView picture, double factor) {
  each_pixel(picture, [&](std::uint8_t* rgb) {
    const int grey = luma(rgb);
    for (int c = 0; c < 3; ++c) rgb[c] = blend(grey, rgb[c], static_cast<float>(factor));
  });
}

void grayscale(PixelView picture) {
  each_pixel(picture, [](std::uint8_t* rgb) { rgb[0] = rgb[1] = rgb[2] = luma(rgb); });
}

void sharpness(PixelView picture, double factor) {
  std::vector<std::uint8_t> before;
  each_pixel(picture, [&](const std::uint8_t* rgb) { before.insert(before.end(), rgb, rgb + 3); });
  const int row = 3 * picture.width;
  for (int y = 1; y + 1 < picture.height; ++y)
    for (int i = 3; i < row - 3; ++i) {
      const std::uint8_t* here = before.data() + y * row + i;
      int sum = 4 * here[0];
      for (const int dy : {-row, 0, row})
        for (const int dx : {-3, 0, 3}) sum += here[dy + dx];
      const int smooth = (2 * sum + 13) / 26;  // weights 1 and, in the middle, 5, over 13; rounded
      picture.row(y)[i] = blend(smooth, here[0], static_cast<float>(factor));
    }
}

void turn_hue(std::uint8_t* rgb, std::uint8_t steps) {
  const int r = rgb[0], g = rgb[1], b = rgb[2];
  const int most = std::max({r, g, b}), least = std::min({r, g, b});
  int h = 0, s = 0;
  if (most != least) {
    const auto range = static_cast<float>(most - least);
    const float from_r = static_cast<float>(most - r) / range, from_g = static_cast<float>(most - g) / range,
                from_b = static_cast<float>(most - b) / range;
    float sixths;
    if (r == most)
      sixths = from_b - from_g;
    else if (g == most)
      sixths = static_cast<float>(2.0 + from_r - from_b);
    else
      sixths = static_cast<float>(4.0 + from_g - from_r);
    const auto circle = static_cast<float>(std::fmod(sixths / 6.0 + 1.0, 1.0));
    h = held(static_cast<int>(circle * 255.0));
    s = held(static_cast<int>(range / static_cast<float>(most) * 255.0));
  }
  h = (h + steps) & 255;
  if (s == 0) {
    rgb[0] = rgb[1] = rgb[2] = static_cast<std::uint8_t>(most);
    return;
  }
  const int sector = static_cast<int>(std::floor(static_cast<float>(h) * 6.0 / 255.0));
  const auto within = static_cast<float>(static_cast<float>(h) * 6.0 / 255.0 - sector);
  const auto share = static_cast<float>(s / 255.0);
  const auto v = static_cast<float>(most);
  const auto whole = static_cast<std::uint8_t>(most);
  const std::uint8_t low = held(static_cast<int>(std::round(v * (1.0 - share))));
  const std::uint8_t falling = held(static_cast<int>(std::round(v * (1.0 - share * within))));
  const std::uint8_t rising = held(static_cast<int>(std::round(v * (1.0 - share * (1.0 - within)))));
  const std::uint8_t sectors[6][3] = {{whole, rising, low},  {falling, whole, low}, {low, whole, rising},
                                      {low, falling, whole}, {rising, low, whole},  {whole, low, falling}};
  std::copy_n(sectors[sector % 6], 3, rgb);
}

void hue(PixelView picture, double turn) {
  const auto steps = static_cast<std::uint8_t>(static_cast<int>(turn * 255));
  each_pixel(picture, [&](std::uint8_t* rgb) { turn_hue(rgb, steps); });
}

void invert(PixelView picture) {
  each_value(picture, [](std::uint8_t v) { return static_cast<std::uint8_t>(255 - v); });
}

void posterise(PixelView picture, int bits) {
  const int kept = ~((1 << (8 - bits)) - 1);
  each_value(picture, [&](std::uint8_t v) { return static_cast<std::uint8_t>(v & kept); });
}

void solarise(PixelView picture, int threshold) {
  each_value(picture, [&](std::uint8_t v) { return static_cast<std::uint8_t>(v < threshold ? v : 255 - v); });
}

void equalise(PixelView picture) {
  for (int c = 0; c < 3; ++c) {
    const auto counts = histogram(picture, c);
    int last = 255;
    while (counts[last] == 0) --last;
    const std::int64_t step = (static_cast<std::int64_t>(picture.pixels()) - counts[last]) / 255;
    if (step == 0) continue;
    Table table{};
    std::int64_t sum = step / 2;
    for (int v = 0; v < 256; ++v) {
      table[v] = static_cast<std::uint8_t>(std::min<std::int64_t>(sum / step, 255));
      sum += counts[v];
    }
    map_channel(picture, c, table);
  }
}

void autocontrast(PixelView picture) {
  for (int c = 0; c < 3; ++c) {
    const auto counts = histogram(picture, c);
    int low = 0, high = 255;
    while (counts[low] == 0) ++low;
    while (counts[high] == 0) --high;
    if (high <= low) continue;
    const double scale = 255.0 / (high - low), offset = -low * scale;
    Table table{};
    for (int v = 0; v < 256; ++v) table[v] = held(static_cast<int>(v * scale + offset));
    map_channel(picture, c, table);
  }
}

}  // namespace penstock::image::augment::reference
