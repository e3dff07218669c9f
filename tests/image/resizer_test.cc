#include "stages/image/resizer.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "stages/image/resize_reference.h"
#include "tests/image/photos.h"
#include "tests/image/targets.h"

namespace penstock::image {
namespace {

// Rows are fed from a copy that ends where the decoder's buffer would: address sanitisers see reads too far behind it.
Picture resized(const Picture& picture, const View& view, Resizer& resizer) {
  Picture out{view.window.width, view.window.height, {}};
  out.rgb.resize(static_cast<std::size_t>(out.width) * out.height * 3);
  resizer.start(view, out.rgb.data(), static_cast<std::size_t>(out.width) * 3);
  const Picture source = part_of(picture, resizer.source());
  const std::size_t row_bytes = static_cast<std::size_t>(source.width) * 3;
  for (int y = 0; y < source.height; ++y) {
    std::vector<std::uint8_t> row(row_bytes + kRowPadding, 0xEE);
    std::copy_n(source.rgb.data() + y * row_bytes, row_bytes, row.data());
    resizer.row(y, row.data());
  }
  return out;
}

View random_view(int width, int height, std::mt19937& random) {
  const auto upto = [&](int n) { return 1 + static_cast<int>(random() % static_cast<unsigned>(n)); };
  View view;
  view.region = {0, 0, upto(width), upto(height)};
  view.region.x = upto(width - view.region.width + 1) - 1;
  view.region.y = upto(height - view.region.height + 1) - 1;
  view.full = {upto(80), upto(80)};
  view.window = {0, 0, upto(view.full.width), upto(view.full.height)};
  view.window.x = upto(view.full.width - view.window.width + 1) - 1;
  view.window.y = upto(view.full.height - view.window.height + 1) - 1;
  view.filter = static_cast<Filter>(random() % 3);
  return view;
}

std::string text(const View& v) {
  return testing::PrintToString(std::vector<int>{v.region.x, v.region.y, v.region.width, v.region.height, v.full.width,
                                                 v.full.height, v.window.x, v.window.y, v.window.width,
                                                 v.window.height});
}

TEST(Resizer, GivesTheBytesOfTheReferenceOnEveryTarget) {
  std::set<std::size_t> vector_widths;  // in pixels: proof that targets were changed
  const std::int64_t all = on_every_target([&] {
    ResizeTaps taps;
    taps.make(5, 1, 0, 1);
    PixelTaps lanes;
    lanes.make(taps, 5);
    vector_widths.insert(lanes.byte_offset.size());
    std::mt19937 random(11);
    Resizer resizer;
    for (const auto& [width, height] :
         {std::pair{97, 61}, {300, 200}, {1, 40}, {700, 2}, {1, 1}, {10'007, 1}, {3, 9'973}}) {
      const Picture picture = made_picture(width, height);
      for (int i = 0; i < 60; ++i) {
        const View view = random_view(width, height, random);
        ASSERT_EQ(resized(picture, view, resizer).rgb, resize_reference(picture, view).rgb) << text(view);
      }
    }
  });
  if ((all & HWY_AVX2) != 0) { EXPECT_GT(vector_widths.size(), 1u); }
}

TEST(Resizer, KeepsPixelsWhereTheSizeStays) {
  const Picture picture = made_picture(50, 40);
  Resizer resizer;
  EXPECT_EQ(resized(picture, {{0, 0, 50, 40}, {40, 50}, {0, 0, 50, 40}}, resizer).rgb, picture.rgb);
  const Rect part{7, 9, 31, 20};
  EXPECT_EQ(resized(picture, {part, {20, 31}, {0, 0, 31, 20}}, resizer).rgb, part_of(picture, part).rgb);
}

TEST(Resizer, WhiteStaysWhiteWhenThousandsOfPixelsBecomeOne) {
  Picture white{60000, 1, std::vector<std::uint8_t>(180000, 255)};
  Resizer resizer;
  const Picture one = resized(white, {{0, 0, 60000, 1}, {1, 1}, {0, 0, 1, 1}}, resizer);
  EXPECT_EQ(one.rgb, (std::vector<std::uint8_t>{255, 255, 255}));
}

TEST(Resizer, AsksForTheRowsOfTheWindowAlone) {
  Resizer resizer;
  std::vector<std::uint8_t> out(10 * 10 * 3);
  resizer.start({{0, 0, 400, 400}, {100, 100}, {50, 50, 10, 10}}, out.data(), 30);
  EXPECT_EQ(resizer.source(), (Rect{198, 198, 44, 44}));
}

TEST(Resizer, WritesNothingBesideItsPlace) {
  const Picture picture = made_picture(90, 90);
  const int side = 21, stride = side * 3 + 5;
  std::vector<std::uint8_t> out(static_cast<std::size_t>(stride) * side, 0xAA);
  Resizer resizer;
  const View view{{0, 0, 90, 90}, {side, side}, {0, 0, side, side}};
  resizer.start(view, out.data(), stride);
  for (int y = 0; y < 90; ++y) {
    std::vector<std::uint8_t> row(picture.rgb.begin() + y * 270, picture.rgb.begin() + (y + 1) * 270);
    row.resize(row.size() + kRowPadding);
    resizer.row(y, row.data());
  }
  const Picture expected = resize_reference(picture, view);
  for (int y = 0; y < side; ++y)
    for (int i = 0; i < stride; ++i)
      ASSERT_EQ(out[y * stride + i], i < side * 3 ? expected.rgb[y * side * 3 + i] : 0xAA) << y << " " << i;
}

TEST(ResizeTaps, SumToOne) {
  ResizeTaps taps;
  for (const auto& [in, out] : {std::pair{500, 224}, {224, 224}, {100, 224}, {1, 7}, {3000, 10}}) {
    taps.make(in, out, 0, out);
    for (int i = 0; i < out; ++i) {
      std::int64_t sum = 0;
      for (int t = 0; t < taps.count[i]; ++t) sum += taps.weights[static_cast<std::size_t>(i) * taps.stride + t];
      EXPECT_NEAR(static_cast<double>(sum), 1 << kWeightBits, taps.count[i]);
      EXPECT_GE(taps.first[i], 0);
      EXPECT_LE(taps.first[i] + taps.count[i], in);
    }
  }
}

}  // namespace
}  // namespace penstock::image
