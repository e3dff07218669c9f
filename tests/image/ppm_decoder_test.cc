#include "stages/image/ppm_decoder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "stages/image/picture_decoder.h"
#include "tests/image/photos.h"

namespace penstock::image {
namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

TEST(PpmDecoder, ReadsWhatItsEncoderWrites) {
  PictureDecoder decoder;
  std::mt19937 random(2);
  for (const auto& [width, height] : {std::pair{1, 1}, {21, 2}, {22, 1}, {97, 61}, {300, 7}}) {
    const Picture picture = made_picture(width, height);
    const auto bytes = encode_ppm(picture.rgb.data(), width, height);
    Picture whole, part;
    ASSERT_FALSE(decode_whole(decoder, bytes, whole));
    EXPECT_EQ(decoder.header().components, 3);
    EXPECT_EQ(whole.rgb, picture.rgb);
    for (int i = 0; i < 20; ++i) {
      Rect r;
      r.width = 1 + static_cast<int>(random() % static_cast<unsigned>(width));
      r.height = 1 + static_cast<int>(random() % static_cast<unsigned>(height));
      r.x = static_cast<int>(random() % static_cast<unsigned>(width - r.width + 1));
      r.y = static_cast<int>(random() % static_cast<unsigned>(height - r.height + 1));
      ASSERT_FALSE(decoder.open(bytes));
      PictureRows rows(r.width, r.height, part);
      ASSERT_FALSE(decoder.decode(r, i % 2 == 0, rows));
      EXPECT_EQ(part.rgb, part_of(picture, r).rgb);
    }
  }
}

// Sinks read kRowPadding bytes behind a row: an address sanitiser sees it where they are not the record's or the decoder's.
TEST(PpmDecoder, LeavesRoomBehindTheLastRow) {
  class Reader final : public RowSink {
   public:
    void row(int, const std::uint8_t* rgb) override {
      for (int i = 0; i < 15 + kRowPadding; ++i) sum += rgb[i];
    }
    unsigned sum = 0;
  } reader;
  const Picture picture = made_picture(5, 9);
  PictureDecoder decoder;
  const auto bytes = encode_ppm(picture.rgb.data(), 5, 9);
  ASSERT_FALSE(decoder.open(bytes));
  ASSERT_FALSE(decoder.decode({0, 0, 5, 9}, true, reader));
  EXPECT_GT(reader.sum, 0u);
}

TEST(PpmDecoder, ReadsGreyAndComments) {
  PictureDecoder decoder;
  Picture picture;
  ASSERT_FALSE(decode_whole(decoder, bytes_of("P5 # two\n#pixels\n 2\t1 #x\n255\nAB"), picture));
  EXPECT_EQ(picture.rgb, (std::vector<std::uint8_t>{'A', 'A', 'A', 'B', 'B', 'B'}));
}

TEST(PpmDecoder, SaysWhatIsWrong) {
  PictureDecoder decoder;
  const auto kind = [&](const std::string& text) { return check_whole(decoder, bytes_of(text)).kind; };
  EXPECT_EQ(kind("P6"), FaultKind::kTruncated);
  EXPECT_EQ(kind("P6\n"), FaultKind::kHeader);
  EXPECT_EQ(kind("P6\n1 x\n255\nABC"), FaultKind::kHeader);
  EXPECT_EQ(kind("P6\n0 1\n255\n"), FaultKind::kHeader);
  EXPECT_EQ(kind("P6\n-1 1\n255\nABC"), FaultKind::kHeader);
  EXPECT_EQ(kind("P6\n99999999 1\n255\nABC"), FaultKind::kHeader);
  EXPECT_EQ(kind("P6\n#" + std::string(5000, 'c') + "\n1 1\n255\nABC"), FaultKind::kHeader);
  EXPECT_EQ(kind("P6\n1 1\n65535\nABCDEF"), FaultKind::kUnsupported);
  EXPECT_EQ(kind("P6\n70000 1\n255\nABC"), FaultKind::kUnsupported);
  EXPECT_EQ(kind("P6\n60000 60000\n255\nABC"), FaultKind::kTooManyPixels);
  EXPECT_EQ(kind("P6\n2 1\n255\nABCDE"), FaultKind::kTruncated);
  EXPECT_EQ(kind("P6\n2 1\n255\nABCDEFG"), FaultKind::kCorrupt);
  EXPECT_EQ(kind("P6\n2 1\n255\nABCDEF"), FaultKind::kNone);
  EXPECT_EQ(kind("P7\n2 1\n255\nABCDEF"), FaultKind::kNotAnImage);
}

}  // namespace
}  // namespace penstock::image
