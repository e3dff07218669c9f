#include "stages/image/augment/blur.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/error.h"
#include "stages/image/augment/blur_kernels.h"
#include "stages/image/log_scale.h"

namespace penstock::image::augment {
namespace {

constexpr int kMostTaps = kLargestBlur / 2 + 1;
using Pointers = std::array<const std::int16_t*, kMostTaps>;

// The i16 that a blur needs: rows of `room`, as many as the window reaches, and one with borders.
struct Ring {
  Ring(int width, int height, int side)
      : rows(static_cast<std::size_t>(std::min(side, height))),
        room((std::size_t{3} * static_cast<std::size_t>(width) + kBlurPadding + 31) / 32 * 32),
        wide(std::size_t{3} * static_cast<std::size_t>(width + side - 1) + kBlurPadding) {}
  std::size_t total() const { return rows * room + wide; }

  std::size_t rows, room, wide;
};

}  // namespace

void blur_weights(int side, double sigma, std::vector<std::int16_t>& weights) {
  PENSTOCK_CHECK(side >= 1 && side <= kLargestBlur && side % 2 == 1 && sigma > 0);
  const int half = side / 2;
  std::array<double, kMostTaps> shares;
  double sum = 0;
  for (int t = half; t >= 0; --t) {
    const double distance = t / sigma, exponent = -0.5 * distance * distance;
    shares[static_cast<std::size_t>(t)] = exponent < -100 ? 0 : portable_exp(exponent);
    sum += t == 0 ? 0.5 : shares[static_cast<std::size_t>(t)];
  }
  shares[0] = 0.5;
  // Rounds the running sum from the outside in, so that all weights up to any place are right to half a unit.
  weights.resize(static_cast<std::size_t>(half) + 1);
  double running = 0;
  int given = 0;
  for (int t = half; t >= 0; --t) {
    running += shares[static_cast<std::size_t>(t)];
    const int upto =
        t == 0 ? 1 << (kBlurWeightBits - 1) : static_cast<int>(running / sum * (1 << (kBlurWeightBits - 1)) + 0.5);
    weights[static_cast<std::size_t>(t)] = static_cast<std::int16_t>(upto - given);
    given = upto;
  }
}

int mirrored(int i, int n) {
  if (n == 1) return 0;
  const int period = 2 * (n - 1);
  const int within = ((i % period) + period) % period;
  return within < n ? within : period - within;
}

// Rows are blurred sideways into a ring when they are first needed; by the time row y is written in place, all rows up to
// y + half have been read.
void gaussian_blur(PixelView picture, int side, double sigma, BlurScratch& scratch) {
  blur_weights(side, sigma, scratch.weights);
  const Ring ring(picture.width, picture.height, side);
  const int half = side / 2;
  const std::size_t values = std::size_t{3} * static_cast<std::size_t>(picture.width);
  std::int16_t* memory = scratch.rows.take<std::int16_t>(ring.total());
  std::int16_t* wide = memory + ring.room * ring.rows;  // a row with its mirrored borders
  std::fill_n(wide + ring.wide - kBlurPadding, kBlurPadding, std::int16_t{0});
  const auto ring_row = [&](int y) { return memory + ring.room * (static_cast<std::size_t>(y) % ring.rows); };

  Pointers left, right;
  const SymmetricTaps taps{left.data(), right.data(), scratch.weights.data(), half + 1};
  int blurred = 0;
  for (int y = 0; y < picture.height; ++y) {
    for (; blurred <= std::min(y + half, picture.height - 1); ++blurred) {
      std::int16_t* middle = wide + 3 * half;
      widen_values(picture.row(blurred), values, middle);
      for (int t = 1; t <= half; ++t) {
        std::copy_n(middle + 3 * mirrored(-t, picture.width), 3, middle - 3 * t);
        std::copy_n(middle + 3 * mirrored(picture.width - 1 + t, picture.width), 3, middle + values + 3 * (t - 1));
      }
      for (int t = 0; t <= half; ++t) {
        left[static_cast<std::size_t>(t)] = middle - 3 * t;
        right[static_cast<std::size_t>(t)] = middle + 3 * t;
      }
      blur_to_middle(taps, values, ring_row(blurred));
    }
    for (int t = 0; t <= half; ++t) {
      left[static_cast<std::size_t>(t)] = ring_row(mirrored(y - t, picture.height));
      right[static_cast<std::size_t>(t)] = ring_row(mirrored(y + t, picture.height));
    }
    blur_to_values(taps, values, picture.row(y));
  }
}

std::uint64_t blur_scratch_bytes(int width, int height, int side) {
  return sizeof(std::int16_t) * (Ring(width, height, side).total() + kMostTaps) + 64;
}

namespace reference {

void gaussian_blur(PixelView picture, int side, double sigma) {
  std::vector<std::int16_t> weights;
  blur_weights(side, sigma, weights);
  const int values = 3 * picture.width;
  std::vector<int> middle(static_cast<std::size_t>(values) * picture.height);
  for (int y = 0; y < picture.height; ++y)
    for (int i = 0; i < values; ++i) {
      int sum = 0;
      for (int t = 0; t <= side / 2; ++t)
        for (const int x : {i / 3 - t, i / 3 + t})
          sum += weights[t] * picture.row(y)[3 * mirrored(x, picture.width) + i % 3];
      constexpr int kShift = kBlurWeightBits - kBlurMiddleBits;
      middle[static_cast<std::size_t>(y) * values + i] = (sum + (1 << (kShift - 1))) >> kShift;
    }
  for (int y = 0; y < picture.height; ++y)
    for (int i = 0; i < values; ++i) {
      int sum = 0;
      for (int t = 0; t <= side / 2; ++t)
        for (const int row : {y - t, y + t})
          sum += weights[t] * middle[static_cast<std::size_t>(mirrored(row, picture.height)) * values + i];
      constexpr int kShift = kBlurWeightBits + kBlurMiddleBits;
      picture.row(y)[i] = static_cast<std::uint8_t>((sum + (1 << (kShift - 1))) >> kShift);
    }
}

}  // namespace reference
}  // namespace penstock::image::augment
