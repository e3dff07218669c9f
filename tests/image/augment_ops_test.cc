// The fast operations against the plain ones, byte for byte: sizes down to 1x1, rows with gaps, every vector width.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "stages/image/augment/blur.h"
#include "stages/image/augment/colour_kernels.h"
#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/colour_reference.h"
#include "tests/image/targets.h"

namespace penstock::image::augment {
namespace {

// Pictures in memory with `gap` bytes between rows, which nobody may touch.
struct Padded {
  int width, height, gap;
  std::vector<std::uint8_t> bytes;

  PixelView view() { return {bytes.data(), width, height, std::ptrdiff_t{3} * width + gap}; }
};

enum class Kind { kNoise, kNarrow, kFlat, kExtremes };

Padded picture(int width, int height, int gap, Kind kind, unsigned seed = 5) {
  Padded made{width, height, gap, std::vector<std::uint8_t>((static_cast<std::size_t>(width) * 3 + gap) * height)};
  std::mt19937 random(seed);
  for (std::uint8_t& byte : made.bytes) {
    const unsigned r = random();
    byte = static_cast<std::uint8_t>(kind == Kind::kNoise ? r : kind == Kind::kNarrow ? 90 + r % 40 : r % 2 * 255);
    if (kind == Kind::kFlat) byte = 77;
  }
  return made;
}

using Operation = std::function<void(PixelView)>;

void expect_same(const std::string& name, const Operation& fast, const Operation& plain) {
  for (const Kind kind : {Kind::kNoise, Kind::kNarrow, Kind::kFlat, Kind::kExtremes})
    for (const auto& [width, height] :
         {std::pair{1, 1}, {1, 29}, {31, 1}, {2, 2}, {3, 3}, {5, 7}, {13, 17}, {61, 23}, {67, 5}, {97, 41}, {128, 16}})
      for (const int gap : {0, 11}) {
        Padded a = picture(width, height, gap, kind), b = a;
        fast(a.view());
        plain(b.view());
        ASSERT_EQ(a.bytes, b.bytes) << name << " " << width << "x" << height << " gap " << gap << " kind "
                                    << static_cast<int>(kind);
      }
}

constexpr double kFactors[] = {0, 0.001, 0.31, 0.6, 1, 1.3700001, 2.5, 30};

TEST(ColourOps, GiveTheBytesOfTheReferenceOnEveryTarget) {
  RowScratch scratch;
  const std::int64_t targets = on_every_target([&] {
    for (const double f : kFactors) {
      const std::string by = " by " + std::to_string(f);
      expect_same(
          "brightness" + by, [&](PixelView v) { brightness(v, f); }, [&](PixelView v) { reference::brightness(v, f); });
      expect_same(
          "contrast" + by, [&](PixelView v) { contrast(v, f); }, [&](PixelView v) { reference::contrast(v, f); });
      expect_same(
          "saturation" + by, [&](PixelView v) { saturation(v, f); }, [&](PixelView v) { reference::saturation(v, f); });
      expect_same(
          "sharpness" + by, [&](PixelView v) { sharpness(v, f, scratch); },
          [&](PixelView v) { reference::sharpness(v, f); });
    }
    for (const double turn : {-0.5, -0.13, 0.0, 0.001, 0.07, 0.5})
      expect_same(
          "hue " + std::to_string(turn), [&](PixelView v) { hue(v, turn); },
          [&](PixelView v) { reference::hue(v, turn); });
    for (const int bits : {0, 1, 3, 8})
      expect_same(
          "posterise", [&](PixelView v) { posterise(v, bits); }, [&](PixelView v) { reference::posterise(v, bits); });
    for (const int threshold : {0, 1, 100, 255, 256})
      expect_same(
          "solarise", [&](PixelView v) { solarise(v, threshold); },
          [&](PixelView v) { reference::solarise(v, threshold); });
    expect_same("grayscale", grayscale, reference::grayscale);
    expect_same("invert", invert, reference::invert);
    expect_same("equalise", equalise, reference::equalise);
    expect_same("autocontrast", autocontrast, reference::autocontrast);
  });
  EXPECT_NE(targets, 0);
}

// Every colour there is: the vector code of the hue does with floats what the reference does with doubles.
TEST(Hue, TurnsAllColoursAsTheReferenceDoes) {
  constexpr int kPixels = 1 << 16;
  std::vector<std::uint8_t> before(3 * kPixels), fast, plain;
  for (int r = 0; r < 256; ++r) {
    for (int i = 0; i < kPixels; ++i) {
      before[3 * i] = static_cast<std::uint8_t>(r);
      before[3 * i + 1] = static_cast<std::uint8_t>(i >> 8);
      before[3 * i + 2] = static_cast<std::uint8_t>(i);
    }
    fast = plain = before;
    const auto steps = static_cast<std::uint8_t>(r * 37);
    turn_hues(fast.data(), kPixels, steps);
    for (int i = 0; i < kPixels; ++i) reference::turn_hue(plain.data() + 3 * i, steps);
    ASSERT_EQ(fast, plain) << "red " << r << ", turned by " << int{steps};
  }
}

TEST(Hue, LeavesGreysAlone) {
  Padded grey = picture(16, 16, 0, Kind::kFlat);
  const auto before = grey.bytes;
  hue(grey.view(), 0.37);
  EXPECT_EQ(grey.bytes, before);
}

TEST(Blur, GivesTheBytesOfTheReferenceOnEveryTarget) {
  BlurScratch scratch;
  on_every_target([&] {
    for (const int side : {1, 3, 5, 23, kLargestBlur})
      for (const double sigma : {0.01, 4.0})
        expect_same(
            "blur " + std::to_string(side), [&](PixelView v) { gaussian_blur(v, side, sigma, scratch); },
            [&](PixelView v) { reference::gaussian_blur(v, side, sigma); });
  });
}

TEST(Blur, IsWithinOneOfTheFormula) {
  constexpr int kWidth = 40, kHeight = 30;
  for (const int side : {3, 9, 23})
    for (const double sigma : {0.1, 0.8, 2.0, 5.0}) {
      Padded made = picture(kWidth, kHeight, 0, Kind::kExtremes);
      const Padded before = made;
      BlurScratch scratch;
      gaussian_blur(made.view(), side, sigma, scratch);
      for (int y = 0; y < kHeight; ++y)
        for (int i = 0; i < 3 * kWidth; ++i) {
          double sum = 0, all = 0;
          for (int dy = -side / 2; dy <= side / 2; ++dy)
            for (int dx = -side / 2; dx <= side / 2; ++dx) {
              const double weight = std::exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
              sum += weight *
                     before.bytes[(mirrored(y + dy, kHeight) * kWidth + mirrored(i / 3 + dx, kWidth)) * 3 + i % 3];
              all += weight;
            }
          ASSERT_NEAR(made.bytes[y * 3 * kWidth + i], sum / all, 0.75) << side << " " << sigma;
        }
    }
}

TEST(Blur, WeightsAddUpToOneHalf) {
  std::vector<std::int16_t> weights;
  for (int side = 1; side <= kLargestBlur; side += 2)
    for (const double sigma : {1e-6, 0.1, 0.33, 1.0, 7.0, 1e6}) {
      blur_weights(side, sigma, weights);
      int sum = 0;
      for (const int weight : weights) {
        EXPECT_GE(weight, 0);
        sum += weight;
      }
      EXPECT_EQ(sum, 1 << (kBlurWeightBits - 1));
    }
}

}  // namespace
}  // namespace penstock::image::augment
