#include "stages/image/png_decoder.h"

#include <gtest/gtest.h>
#include <png.h>

#include "stages/image/picture_decoder.h"
#include "tests/image/photos.h"

namespace penstock::image {
namespace {

std::vector<std::byte> png_of(const void* pixels, int width, int height, png_uint_32 format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = format;
  png_alloc_size_t bytes = 0;
  EXPECT_NE(png_image_write_get_memory_size(image, bytes, 0, pixels, 0, nullptr), 0);
  std::vector<std::byte> png(bytes);
  EXPECT_NE(png_image_write_to_memory(&image, png.data(), &bytes, 0, pixels, 0, nullptr), 0);
  png.resize(bytes);
  return png;
}

TEST(PngDecoder, GivesBackWhatWasWritten) {
  const Picture picture = made_picture(61, 37);
  const auto bytes = png_of(picture.rgb.data(), 61, 37, PNG_FORMAT_RGB);
  PictureDecoder decoder;
  Picture whole;
  ASSERT_FALSE(decode_whole(decoder, bytes, whole));
  EXPECT_EQ(whole.rgb, picture.rgb);
  for (const bool verified : {false, true}) {
    const Rect part{20, 11, 30, 9};
    Picture crop;
    PictureRows rows(part.width, part.height, crop);
    ASSERT_FALSE(decoder.open(bytes));
    ASSERT_FALSE(decoder.decode(part, verified, rows));
    EXPECT_EQ(crop.rgb, part_of(picture, part).rgb);
  }
}

TEST(PngDecoder, DropsAlphaWithoutBlending) {
  const std::uint8_t pixels[] = {10, 20, 30, 0, 40, 50, 60, 128};
  PictureDecoder decoder;
  Picture whole;
  ASSERT_FALSE(decode_whole(decoder, png_of(pixels, 2, 1, PNG_FORMAT_RGBA), whole));
  EXPECT_EQ(whole.rgb, (std::vector<std::uint8_t>{10, 20, 30, 40, 50, 60}));
}

TEST(PngDecoder, SpreadsGreyOverTheThreeChannels) {
  const std::uint8_t pixels[] = {7, 200};
  PictureDecoder decoder;
  Picture whole;
  ASSERT_FALSE(decode_whole(decoder, png_of(pixels, 2, 1, PNG_FORMAT_GRAY), whole));
  EXPECT_EQ(whole.rgb, (std::vector<std::uint8_t>{7, 7, 7, 200, 200, 200}));
}

TEST(PngDecoder, DamageIsFoundWhateverTheCrop) {
  const Picture picture = made_picture(64, 64);
  const auto good = png_of(picture.rgb.data(), 64, 64, PNG_FORMAT_RGB);
  PictureDecoder decoder;
  DiscardedRows rows;
  for (std::size_t cut : {std::size_t{1}, std::size_t{12}, good.size() / 2, good.size() - 20}) {
    auto bad = good;
    bad.resize(good.size() - cut);
    Fault fault = decoder.open(bad);
    if (!fault) fault = decoder.decode({0, 0, 3, 3}, false, rows);
    EXPECT_EQ(fault.kind, FaultKind::kTruncated) << cut << ": " << fault.text();
  }
  auto bad = good;
  bad[good.size() - 40] ^= std::byte{1};
  ASSERT_FALSE(decoder.open(bad));
  EXPECT_EQ(decoder.decode({0, 0, 3, 3}, false, rows).kind, FaultKind::kCorrupt);
}

TEST(PngDecoder, RefusesMorePixelsThanTheLimit) {
  const Picture picture = made_picture(10, 10);
  PictureDecoder decoder;
  EXPECT_EQ(decoder.open(png_of(picture.rgb.data(), 10, 10, PNG_FORMAT_RGB), {.max_pixels = 99}).kind,
            FaultKind::kTooManyPixels);
}

}  // namespace
}  // namespace penstock::image
