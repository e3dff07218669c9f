#include "stages/image/jpeg_encoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "stages/image/picture_decoder.h"
#include "tests/image/photos.h"

namespace penstock::image {
namespace {

double mean_difference(const Picture& a, const Picture& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(int{a.rgb[i]} - int{b.rgb[i]});
  return sum / static_cast<double>(a.rgb.size());
}

TEST(JpegEncoder, QualityTradesBytesForLikeness) {
  const Picture picture = made_picture(150, 100);
  PictureDecoder decoder;
  Picture fine, coarse;
  const auto many = jpeg_of(picture, {.quality = 97, .sampling = ChromaSampling::k444});
  const auto few = jpeg_of(picture, {.quality = 30});
  ASSERT_FALSE(decode_whole(decoder, many, fine));
  ASSERT_FALSE(decode_whole(decoder, few, coarse));
  EXPECT_GT(many.size(), 2 * few.size());
  EXPECT_LT(mean_difference(picture, fine), 2.0);
  EXPECT_GT(mean_difference(picture, coarse), mean_difference(picture, fine));
}

TEST(JpegEncoder, ProgressiveHasTheSamePixels) {
  const Picture picture = made_picture(70, 50);
  PictureDecoder decoder;
  Picture baseline, progressive;
  ASSERT_FALSE(decode_whole(decoder, jpeg_of(picture), baseline));
  ASSERT_FALSE(decode_whole(decoder, jpeg_of(picture, {.progressive = true}), progressive));
  EXPECT_TRUE(decoder.header().progressive);
  EXPECT_EQ(baseline.rgb, progressive.rgb);
}

TEST(JpegEncoder, TakesGreyAndStrides) {
  std::vector<std::uint8_t> grey(20 * 10, 0);
  for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = i % 20 < 16 ? 120 : 255;  // 4 bytes of another picture
  const auto bytes = encode_jpeg({.data = grey.data(), .width = 16, .height = 10, .channels = 1, .stride = 20});
  PictureDecoder decoder;
  Picture picture;
  ASSERT_FALSE(decode_whole(decoder, bytes, picture));
  EXPECT_EQ(decoder.header().components, 1);
  for (const std::uint8_t value : picture.rgb) EXPECT_EQ(value, 120);
}

TEST(JpegEncoder, RefusesWhatCannotBe) {
  const std::uint8_t pixel[3] = {};
  EXPECT_THROW(encode_jpeg({.data = pixel, .width = 0, .height = 1}), Error);
  EXPECT_THROW(encode_jpeg({.data = pixel, .width = 70000, .height = 1}), Error);
  EXPECT_THROW(encode_jpeg({.data = pixel, .width = 1, .height = 1, .channels = 2}), Error);
  EXPECT_THROW(encode_jpeg({.data = pixel, .width = 1, .height = 1}, {.quality = 0}), Error);
}

}  // namespace
}  // namespace penstock::image
