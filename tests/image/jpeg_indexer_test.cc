#include "stages/image/jpeg_indexer.h"

#include <gtest/gtest.h>

#include <random>

#include "stages/image/exif.h"
#include "stages/image/jpeg/segment_index.h"
#include "stages/image/jpeg_markers.h"
#include "stages/image/picture_decoder.h"
#include "tests/image/photos.h"
#include "tests/support/data_dir.h"

namespace penstock::image {
namespace {

Picture pixels_of(Bytes bytes) {
  PictureDecoder libjpeg(false, JpegPath::kLibjpeg);
  Picture picture;
  const Fault fault = decode_whole(libjpeg, bytes, picture);
  EXPECT_FALSE(fault) << fault.text();
  return picture;
}

struct Place {
  std::size_t begin = 0, size = 0;  // the index's payload in the picture
};
Place index_of(Bytes jpeg) {
  Place place;
  each_jpeg_segment(jpeg, [&](unsigned marker, Bytes payload) {
    if (marker == SegmentIndex::kMarker)
      place = {static_cast<std::size_t>(payload.data() - jpeg.data()), payload.size()};
    return true;
  });
  return place;
}

// The crop by the fast path; a fault's text where there is one.
std::string crop_of(PictureDecoder& decoder, Bytes bytes, const Rect& crop, bool verified, Picture& out) {
  if (const Fault fault = decoder.open(bytes)) return fault.text();
  PictureRows rows(crop.width, crop.height, out);
  const Fault fault = decoder.decode(crop, verified, rows);
  return fault ? fault.text() : "";
}

void expect_same_picture(Bytes original, const std::string& what) {
  const auto indexed = index_jpeg(original, {.growth = 10});  // tiny pictures too
  ASSERT_TRUE(indexed) << what;
  const Picture whole = pixels_of(original);
  ASSERT_EQ(pixels_of(*indexed).rgb, whole.rgb) << what;
  ASSERT_GT(index_of(*indexed).size, 0u) << what;
  PictureDecoder decoder;
  std::mt19937 random(4);
  for (int i = 0; i < 12; ++i) {
    Rect r;
    r.width = 1 + static_cast<int>(random() % static_cast<unsigned>(whole.width));
    r.height = 1 + static_cast<int>(random() % static_cast<unsigned>(whole.height));
    r.x = static_cast<int>(random() % static_cast<unsigned>(whole.width - r.width + 1));
    r.y = static_cast<int>(random() % static_cast<unsigned>(whole.height - r.height + 1));
    Picture crop;
    ASSERT_EQ(crop_of(decoder, *indexed, r, i % 2 == 0, crop), "") << what;
    ASSERT_EQ(crop.rgb, part_of(whole, r).rgb)
        << what << " crop " << r.x << "," << r.y << " " << r.width << "x" << r.height;
  }
}

TEST(IndexJpeg, KeepsThePixelsOfEveryKind) {
  for (const auto sampling :
       {ChromaSampling::k444, ChromaSampling::k422, ChromaSampling::k420, ChromaSampling::k440, ChromaSampling::k411})
    for (const bool progressive : {false, true})
      for (const int restart_rows : {0, 1})
        for (const auto& [width, height] : {std::pair{1, 1}, {7, 9}, {130, 61}, {67, 300}, {500, 33}})
          ASSERT_NO_FATAL_FAILURE(expect_same_picture(
              jpeg_of(made_picture(width, height),
                      {.quality = 85, .progressive = progressive, .sampling = sampling, .restart_rows = restart_rows}),
              std::to_string(width) + "x" + std::to_string(height) + " sampling " +
                  std::to_string(static_cast<int>(sampling)) + (progressive ? " progressive" : "")));
}

TEST(IndexJpeg, KeepsThePixelsOfRealPhotographsInNoMoreBytes) {
  const auto folder = test::data_dir("imagenet-sample");
  if (folder.empty()) GTEST_SKIP() << "no data set imagenet-sample";
  std::size_t before = 0, after = 0;
  for (const auto& file : files_in(folder, {".JPEG"})) {
    const auto bytes = read_file(file);
    ASSERT_NO_FATAL_FAILURE(expect_same_picture(bytes, file.filename()));
    const auto indexed = index_jpeg(bytes);
    before += bytes.size();
    after += indexed->size();
    EXPECT_LE(static_cast<double>(indexed->size()), 1.03 * static_cast<double>(bytes.size())) << file;
  }
  EXPECT_LT(static_cast<double>(after), 1.01 * static_cast<double>(before));
}

// All unusual photographs, too: the same pixels, or the bytes are kept.
TEST(IndexJpeg, KeepsThePixelsOfOddPhotographsOrRefuses) {
  const auto folder = test::data_dir("odd-photos");
  if (folder.empty()) GTEST_SKIP() << "no data set odd-photos";
  int same = 0;
  PictureDecoder libjpeg(false, JpegPath::kLibjpeg);
  for (const auto& file : files_in(folder, {".jpg", ".jpeg", ".JPEG", ".JPG"})) {
    const auto bytes = read_file(file);
    Picture before, after;
    if (decode_whole(libjpeg, bytes, before)) continue;
    const auto indexed = index_jpeg(bytes);
    if (!indexed) continue;
    const Fault fault = decode_whole(libjpeg, *indexed, after);
    ASSERT_FALSE(fault) << file << fault.text();
    EXPECT_EQ(after.rgb, before.rgb) << file;
    EXPECT_EQ(jpeg_orientation(*indexed), jpeg_orientation(bytes)) << file;
    ++same;
  }
  EXPECT_GT(same, 10);
}

TEST(IndexJpeg, RefusesWhatLibjpegWarnsOf) {
  auto bytes = jpeg_of(made_picture(80, 80));
  EXPECT_TRUE(index_jpeg(bytes));
  bytes.resize(bytes.size() - 40);
  EXPECT_FALSE(index_jpeg(bytes));
  bytes.resize(3);
  EXPECT_FALSE(index_jpeg(bytes));
  EXPECT_FALSE(index_jpeg({}));
}

// Every single wrong entry is found where the picture is not known to be whole; where it is, the crop is right all the same.
TEST(SegmentIndex, ThatLiesIsFoundAndNeverGivesAWrongPicture) {
  const auto whole = jpeg_of(made_picture(320, 96), {.quality = 85, .sampling = ChromaSampling::k444});
  const auto indexed = *index_jpeg(whole);
  const Picture picture = pixels_of(whole);
  const Place place = index_of(indexed);
  ASSERT_GT(place.size, 14u + 2 * 20);
  PictureDecoder decoder;
  const Rect crop{130, 40, 90, 40};
  Picture out;
  ASSERT_EQ(crop_of(decoder, indexed, crop, false, out), "");
  std::mt19937 random(9);
  for (std::size_t at = 10; at < place.size; ++at) {
    auto lying = indexed;
    lying[place.begin + at] ^= static_cast<std::byte>(1 + random() % 255);
    EXPECT_NE(crop_of(decoder, lying, crop, false, out).find("index of restart markers"), std::string::npos) << at;
    const std::string said = crop_of(decoder, lying, crop, true, out);
    if (said.empty()) { EXPECT_EQ(out.rgb, part_of(picture, crop).rgb) << at; }
  }
  for (int swap = 0; swap < 40; ++swap) {  // two segments that changed their lengths
    auto lying = indexed;
    const std::size_t entries = (place.size - 14) / 2, i = random() % entries, k = random() % entries;
    std::swap_ranges(lying.begin() + static_cast<std::ptrdiff_t>(place.begin + 14 + 2 * i),
                     lying.begin() + static_cast<std::ptrdiff_t>(place.begin + 16 + 2 * i),
                     lying.begin() + static_cast<std::ptrdiff_t>(place.begin + 14 + 2 * k));
    if (lying == indexed) continue;
    EXPECT_NE(crop_of(decoder, lying, crop, false, out), "");
    if (crop_of(decoder, lying, crop, true, out).empty()) { EXPECT_EQ(out.rgb, part_of(picture, crop).rgb); }
  }
}

// The entropy-coded data of an indexed picture, with its restart markers missing, doubled or out of order.
TEST(SegmentIndex, OfBrokenRestartMarkersIsAFault) {
  const auto indexed = *index_jpeg(jpeg_of(made_picture(320, 96), {.quality = 85}));
  std::vector<std::size_t> markers;
  for (std::size_t i = index_of(indexed).begin + index_of(indexed).size; i + 1 < indexed.size(); ++i)
    if (indexed[i] == std::byte{0xFF} && (indexed[i + 1] & std::byte{0xF8}) == std::byte{0xD0}) markers.push_back(i);
  ASSERT_GT(markers.size(), 10u);
  PictureDecoder decoder;
  Picture out;
  for (const std::size_t at : markers) {
    const auto place = indexed.begin() + static_cast<std::ptrdiff_t>(at);
    auto missing = indexed, doubled = indexed, wrong = indexed;
    missing.erase(missing.begin() + (place - indexed.begin()), missing.begin() + (place - indexed.begin()) + 2);
    doubled.insert(doubled.begin() + (place - indexed.begin()), place, place + 2);
    wrong[at + 1] ^= std::byte{3};
    for (const auto& bytes : {missing, doubled, wrong})
      EXPECT_NE(crop_of(decoder, bytes, {0, 0, 50, 20}, false, out), "") << at;
  }
}

// It would be divided by.
TEST(SegmentIndex, OfAnIntervalOfZeroIsTakenByNobody) {
  const auto plain = jpeg_of(made_picture(64, 48), {.quality = 85});
  for (const std::size_t entries : {1, 2, 48}) {
    std::vector<std::uint8_t> payload{'P', 'E', 'N', 'S', 'T', 'O', 'C', 'K', 0, 1, 0, 0, 0, 0};
    payload.resize(payload.size() + 2 * entries, 9);
    const std::size_t length = payload.size() + 2;
    payload.insert(payload.begin(),
                   {0xFF, 0xE9, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)});
    auto lying = plain;
    const auto* bytes = reinterpret_cast<const std::byte*>(payload.data());
    lying.insert(lying.begin() + 2, bytes, bytes + payload.size());
    PictureDecoder decoder;
    Picture out;
    EXPECT_NE(crop_of(decoder, lying, {0, 0, 20, 20}, false, out), "");
    EXPECT_EQ(crop_of(decoder, lying, {8, 8, 20, 20}, true, out), "");
    EXPECT_EQ(out.rgb, part_of(pixels_of(plain), {8, 8, 20, 20}).rgb);
  }
}

TEST(SegmentIndex, IsNothingWhereThePayloadIsAnythingElse) {
  EXPECT_FALSE(SegmentIndex());
  const std::vector<std::uint8_t> payload = index_segments(std::vector<std::uint8_t>{1, 2, 0xFF, 0xD9}, 4);
  ASSERT_TRUE(SegmentIndex(payload));
  EXPECT_EQ(SegmentIndex(payload).interval(), 4u);
  EXPECT_EQ(SegmentIndex(payload).bytes(0), 2u);
  for (std::size_t size = 0; size < payload.size(); ++size)
    EXPECT_FALSE(SegmentIndex(std::span(payload).first(size))) << size;
  auto other = payload;
  other[9] = 2;  // a version to come
  EXPECT_FALSE(SegmentIndex(other));
  EXPECT_TRUE(index_segments(std::vector<std::uint8_t>(70'000, 1), 4).empty());
}

TEST(Exif, OfAnOrientationSaysIt) {
  for (int orientation = 1; orientation <= 8; ++orientation)
    EXPECT_EQ(tiff_orientation(Bytes(exif_of_orientation(orientation)).subspan(6)), orientation);
}

}  // namespace
}  // namespace penstock::image
