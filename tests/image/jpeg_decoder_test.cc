#include "stages/image/jpeg_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "stages/image/picture_decoder.h"
#include "tests/image/photos.h"
#include "tests/support/data_dir.h"

namespace penstock::image {
namespace {

constexpr std::byte kSof2[] = {std::byte{0xFF}, std::byte{0xC2}};

Rect random_rect(int width, int height, std::mt19937& random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  Rect r;
  r.width = 1 + below(width);
  r.height = 1 + below(height);
  r.x = below(width - r.width + 1);
  r.y = below(height - r.height + 1);
  return r;
}

// Every crop, verified or not, must be the same region of libjpeg's full decode.
void expect_crops_are_parts(Bytes bytes, int crops, const std::string& name) {
  PictureDecoder decoder, libjpeg(false, JpegPath::kLibjpeg);
  Picture whole;
  const Fault fault = decode_whole(libjpeg, bytes, whole);
  ASSERT_FALSE(fault) << name << ": " << fault.text();
  std::mt19937 random(7);
  Picture crop;
  for (int i = 0; i < crops; ++i) {
    const Rect r = random_rect(whole.width, whole.height, random);
    for (const bool verified : {false, true}) {
      ASSERT_FALSE(decoder.open(bytes)) << name;
      PictureRows rows(r.width, r.height, crop);
      const Fault cropped = decoder.decode(r, verified, rows);
      ASSERT_FALSE(cropped) << name << ": " << cropped.text();
      ASSERT_EQ(crop.rgb, part_of(whole, r).rgb)
          << name << " of " << whole.width << "x" << whole.height << ": crop " << r.x << "," << r.y << " " << r.width
          << "x" << r.height << " verified " << verified;
    }
  }
}

struct Kind {
  const char* name;
  ChromaSampling sampling;
};
class JpegCrops : public testing::TestWithParam<std::tuple<Kind, bool, int>> {};

TEST_P(JpegCrops, AreTheSamePixelsAsTheWhole) {
  const auto& [kind, progressive, restart_rows] = GetParam();
  for (const auto& [width, height] : {std::pair{131, 97}, {64, 64}, {33, 17}, {200, 3}, {5, 150}, {1, 1}}) {
    const auto bytes =
        jpeg_of(made_picture(width, height),
                {.quality = 85, .progressive = progressive, .sampling = kind.sampling, .restart_rows = restart_rows});
    expect_crops_are_parts(bytes, 60, std::string(kind.name) + (progressive ? " progressive" : " baseline"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Samplings, JpegCrops,
    testing::Combine(testing::Values(Kind{"444", ChromaSampling::k444}, Kind{"422", ChromaSampling::k422},
                                     Kind{"420", ChromaSampling::k420}, Kind{"440", ChromaSampling::k440},
                                     Kind{"411", ChromaSampling::k411}),
                     testing::Bool(), testing::Values(0, 1)),
    [](const auto& info) {
      return std::string("s") + std::get<0>(info.param).name + (std::get<1>(info.param) ? "progressive" : "baseline") +
             (std::get<2>(info.param) ? "restarts" : "");
    });

TEST(JpegDecoder, CropsOfGreyAreTheSamePixels) {
  const Picture colour = made_picture(90, 70);
  std::vector<std::uint8_t> grey;
  for (std::size_t i = 0; i < colour.rgb.size(); i += 3) grey.push_back(colour.rgb[i]);
  expect_crops_are_parts(encode_jpeg({.data = grey.data(), .width = 90, .height = 70, .channels = 1}), 100, "grey");
}

TEST(JpegDecoder, CropsOfRealPhotographsAreTheSamePixels) {
  const auto data = test::data_dir("imagenet-sample").parent_path();
  if (data.empty()) GTEST_SKIP() << "no data set imagenet-sample: set PENSTOCK_DATA";
  int photographs = 0;
  for (const char* folder : {"imagenet-sample", "odd-photos/progressive", "odd-photos/cmyk", "odd-photos/grayscale"})
    for (const auto& path : files_in(data / folder, {".JPEG", ".jpg"})) {
      if (++photographs % 3 != 0 && std::string(folder) == "imagenet-sample") continue;
      expect_crops_are_parts(read_file(path), 4, path.filename());
    }
  EXPECT_GT(photographs, 100);
}

// The law: damage counts wherever it is, whatever today's crop looks at.
TEST(JpegDecoder, ADamagedPictureIsRefusedWhateverTheCrop) {
  for (const bool progressive : {false, true}) {
    const auto good = jpeg_of(made_picture(160, 160), {.quality = 80, .progressive = progressive});
    std::mt19937 random(3);
    int refused = 0;
    for (int i = 0; i < 300; ++i) {
      auto bad = good;
      if (i % 3 == 0) {
        bad.resize(700 + random() % (bad.size() - 700));
      } else {
        for (unsigned n = 0; n < 1 + i % 4u; ++n) bad[650 + random() % (bad.size() - 650)] = std::byte(random());
      }
      JpegDecoder decoder;
      DiscardedRows rows;
      std::string first;
      for (const Rect& crop : {Rect{0, 0, 160, 160}, Rect{0, 0, 8, 8}, Rect{150, 0, 10, 160}, Rect{70, 150, 9, 10},
                               Rect{40, 40, 60, 60}}) {
        Fault fault = decoder.open(bad, {});
        if (!fault) fault = decoder.decode(crop, false, rows);
        if (crop.width == 160) first = fault.text();
        ASSERT_EQ(fault.text(), first) << "damage " << i << ", crop at " << crop.x << "," << crop.y;
      }
      refused += first != "none";
      if (i % 3 == 0) { EXPECT_NE(first, "none") << "cut to " << bad.size() << " of " << good.size() << " bytes"; }
    }
    EXPECT_GT(refused, 105) << "of 300; a changed byte often decodes to another picture, and only a checksum can tell";
  }
}

TEST(JpegDecoder, ATruncatedPictureSaysSo) {
  auto bytes = jpeg_of(made_picture(64, 64));
  bytes.resize(bytes.size() - 2);  // the end marker alone
  PictureDecoder decoder;
  EXPECT_EQ(check_whole(decoder, bytes).kind, FaultKind::kTruncated);
  bytes.resize(bytes.size() / 2);
  EXPECT_EQ(check_whole(decoder, bytes).kind, FaultKind::kTruncated);
  EXPECT_FALSE(check_whole(decoder, jpeg_of(made_picture(64, 64)))) << "the decoder goes on after a fault";
}

TEST(JpegDecoder, BytesBehindTheEndDoNotMatter) {
  auto bytes = jpeg_of(made_picture(64, 64));
  bytes.insert(bytes.end(), 100, std::byte{0x55});
  PictureDecoder decoder;
  EXPECT_FALSE(check_whole(decoder, bytes));
}

// The Huffman tables of a JPEG, taken out.
std::vector<std::byte> without_tables(const std::vector<std::byte>& jpeg) {
  std::vector<std::byte> rest(jpeg.begin(), jpeg.begin() + 2);
  for (std::size_t at = 2; at + 4 < jpeg.size();) {
    const std::size_t end =
        at + 2 + (std::to_integer<std::size_t>(jpeg[at + 2]) << 8) + std::to_integer<std::size_t>(jpeg[at + 3]);
    if (jpeg[at + 1] == std::byte{0xDA} || end >= jpeg.size()) {
      rest.insert(rest.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at), jpeg.end());
      break;
    }
    if (jpeg[at + 1] != std::byte{0xC4})
      rest.insert(rest.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at),
                  jpeg.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  return rest;
}

TEST(JpegDecoder, MissingHuffmanTablesAreTheStandardOnes) {
  const auto data = test::data_dir("imagenet-sample");
  if (data.empty()) GTEST_SKIP() << "no data set imagenet-sample: set PENSTOCK_DATA";
  PictureDecoder decoder;
  int equal = 0;
  for (const auto& path : files_in(data, {".JPEG"})) {  // a few of them were written with the standard tables
    const auto bytes = read_file(path);
    Picture with, without;
    ASSERT_FALSE(decode_whole(decoder, bytes, with)) << path;
    const Fault fault = decode_whole(decoder, without_tables(bytes), without);
    equal += !fault && with.rgb == without.rgb;
  }
  EXPECT_GE(equal, 1);
  EXPECT_LT(equal, 73) << "most have tables of their own, which must be missed";
}

TEST(JpegDecoder, RefusesMorePixelsThanTheLimit) {
  const auto bytes = jpeg_of(made_picture(64, 64));
  PictureDecoder decoder;
  EXPECT_FALSE(decoder.open(bytes, {.max_pixels = 64 * 64}));
  const Fault fault = decoder.open(bytes, {.max_pixels = 64 * 64 - 1});
  EXPECT_EQ(fault.kind, FaultKind::kTooManyPixels);
  EXPECT_NE(fault.text().find("64x64"), std::string::npos) << fault.text();
}

TEST(JpegDecoder, AHeaderThatPromisesMoreThanItsBytesCanHoldIsTruncated) {
  auto bytes = jpeg_of(made_picture(64, 64));
  for (std::size_t i = 0; i + 9 < bytes.size(); ++i)
    if (bytes[i] == std::byte{0xFF} && bytes[i + 1] == std::byte{0xC0})  // SOF0: precision, height, width
      bytes[i + 5] = bytes[i + 7] = std::byte{0x30};
  PictureDecoder decoder;
  EXPECT_EQ(decoder.open(bytes).kind, FaultKind::kTruncated);
}

// libjpeg keeps the tables of one picture for the next, for streams that send them once: a picture must not depend on what was decoded
// before it on the same thread.
TEST(JpegDecoder, APictureWithoutTablesDoesNotTakeThoseOfTheOneBefore) {
  const auto without = [](std::vector<std::byte> bytes, int marker) {
    for (std::size_t at = 2; at + 4 < bytes.size() && bytes[at + 1] != std::byte{0xDA};) {
      const std::size_t length =
          2 + (std::to_integer<std::size_t>(bytes[at + 2]) << 8 | std::to_integer<std::size_t>(bytes[at + 3]));
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      if (bytes[at + 1] == static_cast<std::byte>(marker))
        bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(length));
      else
        at += length;
    }
    return bytes;
  };
  const auto whole = jpeg_of(made_picture(40, 30), {.quality = 60}),
             other = jpeg_of(made_picture(33, 65, 9), {.quality = 20});
  for (const auto path : {JpegPath::kFast, JpegPath::kLibjpeg})
    for (const int marker : {0xC4, 0xDB}) {  // Huffman, quantisation
      const auto bare = without(whole, marker);
      ASSERT_LT(bare.size(), whole.size());
      PictureDecoder fresh(false, path), used(false, path);
      Picture a, b;
      ASSERT_FALSE(decode_whole(used, other, b));
      const Fault first = decode_whole(fresh, bare, a), second = decode_whole(used, bare, b);
      EXPECT_EQ(first.text(), second.text());
      if (!first) { EXPECT_EQ(a.rgb, b.rgb); }
      if (marker == 0xDB) { EXPECT_TRUE(first) << "nothing to dequantise with"; }
    }
}

// A progressive picture is held whole: what that takes is known from its header, and refused before it is taken.
TEST(JpegDecoder, RefusesWhatTakesMoreMemoryThanAllowedAndGoesOn) {
  const auto progressive = jpeg_of(made_picture(900, 700), {.progressive = true});
  const auto plain = jpeg_of(made_picture(900, 700), {.sampling = ChromaSampling::k411});  // libjpeg's, row by row
  PictureDecoder decoder;
  Picture picture;
  EXPECT_FALSE(decode_whole(decoder, progressive, picture, {.max_scratch = 3u << 20}));
  const Fault fault = decode_whole(decoder, progressive, picture, {.max_scratch = 1u << 20});
  EXPECT_EQ(fault.kind, FaultKind::kTooLarge);
  EXPECT_NE(fault.text().find("max_scratch"), std::string::npos) << fault.text();
  EXPECT_FALSE(decode_whole(decoder, plain, picture, {.max_scratch = 1u << 20}));
  EXPECT_FALSE(decode_whole(decoder, progressive, picture));
}

// 65,500 x 65,500 pixels in a header of a few hundred bytes, and scan after scan over a small picture.
TEST(JpegDecoder, RefusesBombsAtOnce) {
  auto huge = jpeg_of(made_picture(64, 64), {.progressive = true});
  const auto frame = std::search(huge.begin(), huge.end(), std::begin(kSof2), std::end(kSof2));
  ASSERT_NE(frame, huge.end());
  for (int i = 5; i < 9; ++i) frame[i] = i % 2 == 1 ? std::byte{0xFF} : std::byte{0xDC};  // 65,500
  PictureDecoder decoder;
  EXPECT_EQ(check_whole(decoder, huge).kind, FaultKind::kTooManyPixels);
  EXPECT_EQ(check_whole(decoder, huge, {.max_pixels = INT64_MAX}).kind, FaultKind::kTruncated);
  huge.resize(600u << 20);  // as many bytes as it promises blocks
  EXPECT_EQ(check_whole(decoder, huge, {.max_pixels = INT64_MAX}).kind, FaultKind::kTooLarge);
}

}  // namespace
}  // namespace penstock::image
