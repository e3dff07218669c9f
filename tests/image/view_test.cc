#include "stages/image/view.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/order/draws.h"
#include "stages/image/log_scale.h"

namespace penstock::image {
namespace {

Draws draws_of(std::uint64_t record) { return Draws(1, 0, record, draw_key("crop")); }

TEST(RandomCrop, StaysInsideAndWithinItsRanges) {
  const CropRange range;
  for (const Size picture : {Size{375, 500}, Size{500, 333}, Size{64, 64}, Size{1, 1}, Size{3, 2}})
    for (std::uint64_t record = 0; record < 2000; ++record) {
      Draws draws = draws_of(record);
      const Rect r = random_crop(picture, range, draws);
      ASSERT_GE(r.x, 0);
      ASSERT_GE(r.y, 0);
      ASSERT_GE(r.width, 1);
      ASSERT_GE(r.height, 1);
      ASSERT_LE(r.x + r.width, picture.width);
      ASSERT_LE(r.y + r.height, picture.height);
      if (picture.height < 100) continue;
      const double share = static_cast<double>(r.width) * r.height / (picture.width * picture.height);
      ASSERT_NEAR(share, 0.54, 0.47);
      ASSERT_NEAR(std::log(static_cast<double>(r.width) / r.height), 0, std::log(4.0 / 3.0) + 0.03);
    }
}

TEST(RandomCrop, CoversItsRangesEvenly) {
  const Size picture{400, 400};
  double area = 0, log_ratio = 0, x = 0;
  const int n = 20000;
  for (int record = 0; record < n; ++record) {
    Draws draws = draws_of(static_cast<std::uint64_t>(record));
    const Rect r = random_crop(picture, {.scale_low = 0.2, .scale_high = 0.4}, draws);
    area += r.width * r.height / 160000.0 / n;
    log_ratio += std::log(static_cast<double>(r.width) / r.height) / n;
    x += r.x / (400.0 - r.width) / n;
  }
  EXPECT_NEAR(area, 0.3, 0.003);
  EXPECT_NEAR(log_ratio, 0, 0.01);
  EXPECT_NEAR(x, 0.5, 0.01);
}

TEST(RandomCrop, FallsBackToTheLargestCentredCrop) {
  Draws draws = draws_of(1);  // torchvision: h = round(10 / 0.75), w = round(10 * 4 / 3)
  EXPECT_EQ(random_crop({1000, 10}, {.scale_low = 0.9}, draws), (Rect{0, 493, 10, 13}));
  EXPECT_EQ(random_crop({10, 1000}, {.scale_low = 0.9}, draws), (Rect{493, 0, 13, 10}));
}

TEST(RandomCrop, IsAFunctionOfItsDraws) {
  Draws a = draws_of(5), b = draws_of(5), c = draws_of(6);
  const Rect first = random_crop({300, 400}, {}, a);
  EXPECT_EQ(first, random_crop({300, 400}, {}, b));
  EXPECT_NE(first, random_crop({300, 400}, {}, c));
}

TEST(CenterCrop, IsTorchvisionsResizeThenCenterCrop) {
  // Resize(256) then CenterCrop(224) of 500x375: 341x256, left round(58.5) = 58 (half to even), top 16.
  View view = center_crop({375, 500}, {224, 224}, 0.875);
  EXPECT_EQ(view.region, (Rect{0, 0, 500, 375}));
  EXPECT_EQ(view.full, (Size{256, 341}));
  EXPECT_EQ(view.window, (Rect{58, 16, 224, 224}));
  view = center_crop({501, 333}, {224, 224}, 0.875);
  EXPECT_EQ(view.full, (Size{385, 256}));
  EXPECT_EQ(view.window, (Rect{16, 80, 224, 224}));  // round(80.5) = 80
  view = center_crop({77, 77}, {64, 64}, 1.0);
  EXPECT_EQ(view.full, (Size{64, 64}));
  EXPECT_EQ(view.window, (Rect{0, 0, 64, 64}));
}

TEST(CenterCrop, CoversAnOblongSize) {
  for (const Size picture : {Size{100, 100}, Size{50, 200}, Size{300, 40}, Size{1, 1}}) {
    const View view = center_crop(picture, {100, 200}, 0.9);
    EXPECT_GE(view.full.height, 100);
    EXPECT_GE(view.full.width, 200);
    EXPECT_TRUE(view.full.height == 111 || view.full.width == 222);
    EXPECT_LE(view.window.x + 200, view.full.width);
    EXPECT_LE(view.window.y + 100, view.full.height);
  }
}

TEST(LogScale, AgreesWithLibm) {
  for (double x = 0.001; x < 1000; x *= 1.01)
    EXPECT_NEAR(portable_log(x), std::log(x), 2e-15 * (1 + std::abs(std::log(x))));
  for (double x = -20; x < 20; x += 0.0137) EXPECT_NEAR(portable_exp(x) / std::exp(x), 1, 2e-15);
  EXPECT_EQ(portable_log(1.0), 0.0);
  EXPECT_EQ(portable_exp(0.0), 1.0);
}

}  // namespace
}  // namespace penstock::image
