#include "stages/image/text.h"

#include <gtest/gtest.h>

#include <set>

#include "stages/image/picture_decoder.h"
#include "stages/image/png_encoder.h"
#include "tests/image/photos.h"

namespace penstock::image {
namespace {

Picture blank(int width, int height) {
  return {width, height,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 255)};
}

std::vector<std::uint8_t> drawn(std::string_view text, int scale = 1) {
  Picture p = blank(40, 30);
  draw_text(p, 2, 3, text, scale, {0, 0, 0});
  return p.rgb;
}

TEST(DrawText, GivesEachCharacterAShapeOfItsOwn) {
  std::set<std::vector<std::uint8_t>> shapes;
  for (char c = 32; c < 127; ++c) shapes.insert(drawn(std::string(1, c)));
  EXPECT_EQ(shapes.size(), 95u);
  EXPECT_EQ(drawn("\xC3"), drawn("?"));
}

TEST(DrawText, IsTwiceAsLargeAtScaleTwo) {
  Picture small = blank(20, 20), large = blank(40, 40);
  draw_text(small, 0, 0, "Rg", 1, {9, 8, 7});
  draw_text(large, 0, 0, "Rg", 2, {9, 8, 7});
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x)
      ASSERT_EQ(large.rgb[(y * 40 + x) * 3], small.rgb[(y / 2 * 20 + x / 2) * 3]) << x << " " << y;
}

TEST(DrawText, LeavesOutWhatLiesOutside) {
  for (const auto& [x, y] : {std::pair{-3, -4}, {18, 2}, {5, 19}, {100, 100}}) {
    Picture p = blank(20, 20);
    draw_text(p, x, y, "MMMM", 2, {0, 0, 0});
    EXPECT_EQ(p.rgb.size(), 20u * 20 * 3);
  }
}

TEST(FittedText, EndsInDotsWhereItIsCut) {
  EXPECT_EQ(fitted_text("airplane", 48, 1), "airplane");
  EXPECT_EQ(fitted_text("airplane", 47, 1), "airp...");
  EXPECT_EQ(fitted_text("airplane", 48, 2), "a...");
  EXPECT_EQ(fitted_text("airplane", 12, 1), "ai");
  EXPECT_EQ(fitted_text("airplane", 0, 1), "");
}

TEST(PngEncoder, KeepsThePixels) {
  for (const auto& [width, height] : {std::pair{1, 1}, {33, 7}, {200, 100}}) {
    const Picture picture = made_picture(width, height);
    PictureDecoder decoder;
    Picture again;
    ASSERT_FALSE(decode_whole(decoder, encode_png(picture), again));
    EXPECT_EQ(again.rgb, picture.rgb);
  }
  EXPECT_THROW(encode_png({}), Error);
}

}  // namespace
}  // namespace penstock::image
