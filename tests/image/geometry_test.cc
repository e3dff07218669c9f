// Maps, their fast loops against the plain ones, borders, and what becomes of boxes.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "stages/image/geometry/moves.h"
#include "stages/image/geometry/pad_crop.h"
#include "stages/image/geometry/turn.h"
#include "stages/image/geometry/warp_pixels.h"
#include "stages/image/nearest_rows.h"
#include "tests/image/targets.h"

namespace penstock::image::geometry {
namespace {

std::vector<std::uint8_t> noise(int width, int height, int channels) {
  std::vector<std::uint8_t> values(static_cast<std::size_t>(width) * height * channels);
  std::uint32_t x = 12345;
  for (std::uint8_t& v : values) v = static_cast<std::uint8_t>((x = x * 1664525u + 1013904223u) >> 24);
  return values;
}

PixelView view_of(std::vector<std::uint8_t>& pixels, int width, int height, int channels = 3) {
  return {pixels.data(), width, height, std::ptrdiff_t{channels} * width, channels};
}

TEST(Turn, IsExactAtQuartersAndCloseBetween) {
  for (int quarters = -8; quarters <= 8; ++quarters) {
    const auto [sine, cosine] = sine_cosine(90.0 * quarters);
    const int at = (quarters % 4 + 4) % 4;
    EXPECT_EQ(sine, (at == 1) - (at == 3)) << quarters;
    EXPECT_EQ(cosine, (at == 0) - (at == 2)) << quarters;
  }
  for (double degrees = -400; degrees < 400; degrees += 0.37) {
    const auto [sine, cosine] = sine_cosine(degrees);
    EXPECT_NEAR(sine, std::sin(degrees * M_PI / 180), 2e-15) << degrees;
    EXPECT_NEAR(cosine, std::cos(degrees * M_PI / 180), 2e-15) << degrees;
  }
}

std::vector<Warp> some_warps(int width, int height) {
  std::vector<Warp> all{Warp{}, shifted(3, -2), shifted(1e9, 0), mirrored(width), sheared(0.4, 0), sheared(0, -0.7)};
  const Point centre{0.5 * width, 0.5 * height};
  all.push_back(affine({.angle = 33, .scale = 0.8, .shear = {5, 3}, .centre = centre}));
  all.push_back(affine({.angle = -170, .scale = 0.01, .centre = centre}));
  all.push_back(affine({.angle = 90, .shift = {1, 2}, .scale = 100, .centre = centre}));
  all.push_back({.x = {1.2, 0.1, -1}, .y = {0.2, 0.9, 0.5}, .w = {0.01, -0.02, 1}});
  all.push_back(
      {.x = {1, 0, 0}, .y = {0, 1, 0}, .w = {0.1, 0, -0.55}});  // the horizon is in the picture, at a pixel's middle
  all.push_back({.x = {0, 0, 0}, .y = {0, 0, 0}, .w = {0, 0, 0}});
  return all;
}

TEST(Warp, GivesTheBytesOfThePlainVersionOnEveryTarget) {
  WarpScratch scratch;
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{1, 1}, {2, 1}, {1, 7}, {5, 3}, {16, 16}, {17, 4}, {31, 33}, {67, 41}}) {
    for (const Warp& warp : some_warps(width, height))
      for (const auto how : {Interpolation::kNearest, Interpolation::kBilinear}) {
        std::vector<std::uint8_t> wanted = noise(width, height, 3);
        reference::warp_picture(view_of(wanted, width, height), warp, how, {1, 2, 3});
        on_every_target([&] {
          std::vector<std::uint8_t> pixels = noise(width, height, 3);
          warp_picture(view_of(pixels, width, height), warp, how, {1, 2, 3}, scratch);
          EXPECT_EQ(pixels, wanted) << width << "x" << height;
        });
      }
  }
}

TEST(Warp, LeavesTheGapsBetweenRowsAlone) {
  constexpr int kWidth = 21, kHeight = 6, kGap = 7;
  const auto stride = std::ptrdiff_t{3} * kWidth + kGap;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(stride) * kHeight, 99);
  WarpScratch scratch;
  on_every_target([&] {
    for (const auto how : {Interpolation::kNearest, Interpolation::kBilinear}) {
      warp_picture({pixels.data(), kWidth, kHeight, stride}, shifted(4, 1), how, {0, 0, 0}, scratch);
      for (int y = 0; y < kHeight; ++y)
        for (int i = 3 * kWidth; i < stride; ++i) ASSERT_EQ(pixels[static_cast<std::size_t>(y * stride + i)], 99);
    }
  });
}

TEST(Warp, MovesAMaskAsTheNearestPixelsOfAPicture) {
  constexpr int kWidth = 37, kHeight = 29;
  WarpScratch scratch;
  for (const Warp& warp : some_warps(kWidth, kHeight)) {
    std::vector<std::uint8_t> mask = noise(kWidth, kHeight, 1), picture;
    for (const std::uint8_t v : mask) picture.insert(picture.end(), {v, v, v});
    warp_picture(view_of(mask, kWidth, kHeight, 1), warp, Interpolation::kBilinear, {255, 0, 0}, scratch);
    warp_picture(view_of(picture, kWidth, kHeight), warp, Interpolation::kNearest, {255, 255, 255}, scratch);
    for (std::size_t i = 0; i < mask.size(); ++i) ASSERT_EQ(mask[i], picture[3 * i + 1]);
  }
}

TEST(Warp, InverseLeadsBack) {
  for (const Warp& warp : some_warps(40, 30)) {
    const auto back = inverse(warp);
    if (!back) continue;
    const auto forth = inverse(*back);
    ASSERT_TRUE(forth);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(forth->x[i], warp.x[i], 1e-9 * (1 + std::abs(warp.x[i])));
      EXPECT_NEAR(forth->w[i], warp.w[i], 1e-9);
    }
  }
  EXPECT_FALSE(inverse({.x = {1, 1, 0}, .y = {2, 2, 0}}));
  EXPECT_FALSE(perspective({{{0, 0}, {9, 0}, {9, 9}, {0, 9}}}, {{{0, 0}, {1, 1}, {2, 2}, {3, 3}}}));
}

TEST(Boxes, AreCutOffAtTheBorderAndLeftOutWhereTheyAreNotSeen) {
  const Size out{50, 100};
  const auto moved_by = [&](const Warp& warp, double min_visible) {
    return moved({10, 10, 30, 20}, *inverse(warp), out, min_visible);
  };
  EXPECT_EQ(moved_by(Warp{}, 1), (Box{10, 10, 30, 20}));
  EXPECT_EQ(moved_by(shifted(75, 0), 0), (Box{85, 10, 100, 20}));
  EXPECT_EQ(moved_by(shifted(75, 0), 0.75), (Box{85, 10, 100, 20}));
  EXPECT_FALSE(moved_by(shifted(75, 0), 0.76));
  EXPECT_FALSE(moved_by(shifted(0, -20), 0)) << "it touches the border, and nothing of it is inside";
  EXPECT_EQ(moved_by(mirrored(100), 0), (Box{70, 10, 90, 20}));
  EXPECT_EQ(moved({10, 10, 10, 20}, Warp{}, out, 0), std::nullopt) << "no area";
  // Upright hull of a turned one: about (50, 25), a quarter clockwise takes (10, 10) to (65, -15).
  const auto turned = moved_by(affine({.angle = 90, .centre = {50, 25}}), 0);
  ASSERT_TRUE(turned);
  EXPECT_EQ(*turned, (Box{55, 0, 65, 5}));
  EXPECT_FALSE(moved({10, 10, 30, 20}, {.w = {-0.1, 0, 2}}, out, 0)) << "behind the horizon";
}

TEST(Border, NamesAreThoseOfNumpy) {
  const auto row = [](Border border) {
    std::string text;
    for (int i = -7; i < 10; ++i) {
      const int at = border_source(i, 3, border);
      text += at < 0 ? '.' : static_cast<char>('a' + at);
    }
    return text;
  };
  EXPECT_EQ(row(Border::kConstant), ".......abc.......");
  EXPECT_EQ(row(Border::kEdge), "aaaaaaaabcccccccc");
  EXPECT_EQ(row(Border::kReflect), "bcbabcbabcbabcbab");
  EXPECT_EQ(row(Border::kSymmetric), "aabccbaabccbaabcc");
  for (int i = -9; i < 9; ++i) EXPECT_EQ(border_source(i, 1, Border::kReflect), 0);
}

TEST(NearestRows, LooksUpTheMiddleOfEachPixel) {
  // floor((i + 1/2) * 10 / 4) = 1, 3, 6, 8
  NearestRows rows;
  std::vector<std::uint8_t> out(8);
  rows.start({{5, 0, 10, 2}, {2, 4}, {0, 0, 4, 2}}, out.data());
  EXPECT_EQ(rows.source(), (Rect{6, 0, 8, 2}));
  std::vector<std::uint8_t> line;
  for (int x = 6; x < 14; ++x) line.push_back(static_cast<std::uint8_t>(x));
  rows.row(0, line.data());
  rows.row(1, line.data());
  EXPECT_EQ(out, (std::vector<std::uint8_t>{6, 8, 11, 13, 6, 8, 11, 13}));
}

TEST(Moves, RefuseRangesThatAreNone) {
  const auto refused = [](AffineMoves::Params params) { EXPECT_THROW(AffineMoves{params}, Error); };
  refused({.degrees = {10, -10}});
  refused({.degrees = {1, 2, 3}});
  refused({.scale = {2, 1}});
  refused({.shear = {1, 2, 3}});
  refused({.shear = {85}});
  EXPECT_THROW(PadCropMoves({.padding = 1, .size = {9, 9}}).out({6, 9}), Error);
}

}  // namespace
}  // namespace penstock::image::geometry
