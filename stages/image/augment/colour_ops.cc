#include "stages/image/augment/colour_ops.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "stages/image/augment/colour_kernels.h"
#include "stages/image/augment/colour_reference.h"

namespace penstock::image::augment {
namespace {

using Table = std::array<std::uint8_t, 256>;
using Counts = std::array<std::array<std::uint32_t, 256>, 3>;

// Calls work(rgb, pixels) on stretches without gaps: once where the rows follow each other.
template <class Work>
void each_stretch(PixelView picture, const Work& work) {
  const auto width = static_cast<std::size_t>(picture.width);
  if (picture.stride == std::ptrdiff_t{3} * picture.width) return work(picture.data, picture.pixels());
  for (int y = 0; y < picture.height; ++y) work(picture.row(y), width);
}

template <class Entry>
void map(PixelView picture, const Entry& entry) {
  Table table;
  for (int v = 0; v < 256; ++v) table[v] = static_cast<std::uint8_t>(entry(v));
  each_stretch(picture, [&](std::uint8_t* rgb, std::size_t pixels) { map_values(rgb, 3 * pixels, table.data()); });
}

// Two counts a channel, for pixels of even and odd number: equal neighbours would wait for each other's increment.
Counts histograms(PixelView picture) {
  Counts even{}, odd{};
  each_stretch(picture, [&](const std::uint8_t* rgb, std::size_t pixels) {
    for (; pixels >= 2; pixels -= 2, rgb += 6)
      for (int c = 0; c < 3; ++c) {
        ++even[c][rgb[c]];
        ++odd[c][rgb[3 + c]];
      }
    if (pixels == 1)
      for (int c = 0; c < 3; ++c) ++even[c][rgb[c]];
  });
  for (int c = 0; c < 3; ++c)
    for (int v = 0; v < 256; ++v) even[c][v] += odd[c][v];
  return even;
}

// A table for each channel out of its histogram: make(counts, table) begins with table[v] = v.
template <class Make>
void map_by_histogram(PixelView picture, const Make& make) {
  const Counts counts = histograms(picture);
  std::array<Table, 3> tables;
  for (int c = 0; c < 3; ++c) {
    for (int v = 0; v < 256; ++v) tables[c][v] = static_cast<std::uint8_t>(v);
    make(counts[c], tables[c]);
  }
  each_stretch(picture,
               [&](std::uint8_t* rgb, std::size_t pixels) { map_channels(rgb, pixels, tables.front().data()); });
}

}  // namespace

void brightness(PixelView picture, double factor) {
  map(picture, [&](int v) { return reference::blend(0, v, static_cast<float>(factor)); });
}

void contrast(PixelView picture, double factor) {
  std::uint64_t sum = 0;
  each_stretch(picture, [&](const std::uint8_t* rgb, std::size_t pixels) { sum += sum_luma(rgb, pixels); });
  const std::uint64_t pixels = picture.pixels();
  const auto mean = static_cast<int>((2 * sum + pixels) / (2 * pixels));
  map(picture, [&](int v) { return reference::blend(mean, v, static_cast<float>(factor)); });
}

void saturation(PixelView picture, double factor) {
  each_stretch(picture,
               [&](std::uint8_t* rgb, std::size_t pixels) { blend_luma(rgb, pixels, static_cast<float>(factor)); });
}

void grayscale(PixelView picture) { saturation(picture, 0); }

void hue(PixelView picture, double turn) {
  const auto steps = static_cast<std::uint8_t>(static_cast<int>(turn * 255));
  each_stretch(picture, [&](std::uint8_t* rgb, std::size_t pixels) { turn_hues(rgb, pixels, steps); });
}

// Rows are overwritten while their neighbours are still read, so three of them are kept as they were.
void sharpness(PixelView picture, double factor, RowScratch& scratch) {
  if (picture.width < 3 || picture.height < 3) return;
  const std::size_t bytes = std::size_t{3} * static_cast<std::size_t>(picture.width), room = bytes + kSharpenPadding;
  std::uint8_t* memory = scratch.take<std::uint8_t>(3 * room);
  std::memset(memory, 0, 3 * room);
  std::array<std::uint8_t*, 3> kept{memory, memory + room, memory + 2 * room};
  for (int y = 0; y < 2; ++y) std::memcpy(kept[y], picture.row(y), bytes);
  for (int y = 1; y + 1 < picture.height; ++y) {
    std::memcpy(kept[2], picture.row(y + 1), bytes);
    sharpen_row(kept[0] + 3, kept[1] + 3, kept[2] + 3, bytes - 6, static_cast<float>(factor), picture.row(y) + 3);
    std::rotate(kept.begin(), kept.begin() + 1, kept.end());
  }
}

void invert(PixelView picture) {
  map(picture, [](int v) { return 255 - v; });
}

void posterise(PixelView picture, int bits) {
  map(picture, [&](int v) { return v & ~((1 << (8 - bits)) - 1); });
}

void solarise(PixelView picture, int threshold) {
  map(picture, [&](int v) { return v < threshold ? v : 255 - v; });
}

void equalise(PixelView picture) {
  map_by_histogram(picture, [&](const auto& counts, Table& table) {
    int last = 255;
    while (counts[last] == 0) --last;
    const std::uint64_t step = (picture.pixels() - counts[last]) / 255;
    if (step == 0) return;
    std::uint64_t sum = step / 2;
    for (int v = 0; v < 256; sum += counts[v++])
      table[v] = static_cast<std::uint8_t>(std::min<std::uint64_t>(sum / step, 255));
  });
}

void autocontrast(PixelView picture) {
  map_by_histogram(picture, [](const auto& counts, Table& table) {
    int low = 0, high = 255;
    while (counts[low] == 0) ++low;
    while (counts[high] == 0) --high;
    if (high <= low) return;
    const double scale = 255.0 / (high - low), offset = -low * scale;
    for (int v = 0; v < 256; ++v)
      table[v] = static_cast<std::uint8_t>(std::clamp(static_cast<int>(v * scale + offset), 0, 255));
  });
}

}  // namespace penstock::image::augment
