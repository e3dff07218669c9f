#include "stages/image/orientation.h"

#include <gtest/gtest.h>

#include "stages/image/exif.h"
#include "stages/image/picture_decoder.h"
#include "tests/image/photos.h"

namespace penstock::image {
namespace {

// A JPEG with an EXIF segment that holds the orientation alone, in either byte order.
std::vector<std::byte> with_orientation(std::vector<std::byte> jpeg, int orientation, bool big_endian) {
  const auto o = static_cast<char>(orientation);
  const std::string little{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, o, 0, 0, 0, 0, 0, 0, 0};
  const std::string big{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, o, 0, 0, 0, 0, 0, 0};
  const std::string body = std::string("Exif\0\0", 6) + (big_endian ? big : little);
  const std::string segment = std::string("\xFF\xE1\0", 3) + static_cast<char>(body.size() + 2) + body;
  const auto* data = reinterpret_cast<const std::byte*>(segment.data());
  jpeg.insert(jpeg.begin() + 2, data, data + segment.size());
  return jpeg;
}

// What each orientation means, pixel by pixel: EXIF 2.32, tag 274.
Picture turned(const Picture& p, int orientation) {
  const bool swaps = orientation >= 5;
  Picture out{swaps ? p.height : p.width, swaps ? p.width : p.height, {}};
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      const int right = p.width - 1, bottom = p.height - 1;
      const int from[9][2] = {
          {},     {x, y},          {right - x, y},          {right - x, bottom - y}, {x, bottom - y},
          {y, x}, {y, bottom - x}, {right - y, bottom - x}, {right - y, x}};
      for (int c = 0; c < 3; ++c)
        out.rgb.push_back(p.rgb[(from[orientation][1] * p.width + from[orientation][0]) * 3 + c]);
    }
  return out;
}

TEST(Orientation, AllEightAreHonouredOrIgnored) {
  const auto plain = jpeg_of(made_picture(45, 28));
  PictureDecoder ignoring, honouring(true);
  Picture upright;
  ASSERT_FALSE(decode_whole(ignoring, plain, upright));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const auto bytes = with_orientation(plain, orientation, orientation % 2 == 0);
    EXPECT_EQ(jpeg_orientation(bytes), orientation);
    Picture picture;
    ASSERT_FALSE(decode_whole(ignoring, bytes, picture));
    EXPECT_EQ(picture.rgb, upright.rgb);
    ASSERT_FALSE(decode_whole(honouring, bytes, picture));
    const Picture expected = turned(upright, orientation);
    EXPECT_EQ(picture.width, expected.width);
    EXPECT_EQ(picture.rgb, expected.rgb) << orientation;

    const Rect part{3, 5, 20, 11};
    Picture crop;
    PictureRows rows(part.width, part.height, crop);
    ASSERT_FALSE(honouring.open(bytes));
    ASSERT_FALSE(honouring.decode(part, false, rows));
    EXPECT_EQ(crop.rgb, part_of(expected, part).rgb) << orientation;
  }
}

TEST(Exif, NonsenseIsOrientationOne) {
  const auto good = with_orientation(jpeg_of(made_picture(16, 16)), 6, false);
  EXPECT_EQ(jpeg_orientation(with_orientation(jpeg_of(made_picture(16, 16)), 9, false)), 1);
  EXPECT_EQ(jpeg_orientation({}), 1);
  EXPECT_EQ(tiff_orientation({}), 1);
  for (std::size_t n = 0; n < 37; ++n)  // 38 bytes reach to the end of the segment
    EXPECT_EQ(jpeg_orientation(Bytes(good).first(n)), 1) << n;
  for (std::size_t at = 2; at < 38; ++at)
    for (const int value : {0, 1, 0x7F, 0xFF}) {
      auto bad = good;
      bad[at] = std::byte(value);
      const int orientation = jpeg_orientation(bad);
      EXPECT_TRUE(orientation >= 1 && orientation <= 8);
    }
}

}  // namespace
}  // namespace penstock::image
