// How packed records are stored: --encode.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "io/data/open.h"
#include "io/file/faulty_file_system.h"
#include "pipelines/job/read_ahead.h"
#include "pipelines/pack/plan.h"
#include "stages/image/exif.h"
#include "stages/image/jpeg/segment_index.h"
#include "stages/image/jpeg_markers.h"
#include "stages/image/picture_decoder.h"
#include "tests/support/tiny_photos.h"

namespace penstock::test {
namespace {

struct World {
  TempFolder folder;
  Cores cores{2};
  NoProgress progress;
  explicit World(int per_class = 8) { make_photos(folder / "photos", 3, per_class); }
  PackOptions options(const std::string& dest, RepackOptions encoding) const {
    PackOptions all;
    all.dest = folder / dest;
    all.encoding = encoding;
    return all;
  }
  PackResult packed(const PackOptions& options, io::FileSystem& fs = io::FileSystem::real()) {
    return pack(*io::open(folder / "photos"), options, cores, progress, {}, fs);
  }
};

std::vector<std::vector<std::byte>> records_of(const std::string& path) {
  const auto data = io::open(path);
  std::vector<std::vector<std::byte>> all;
  ReadAhead reader(*data, data->size(), [](uint64_t place) { return place; });
  for (RawChunk chunk = reader.next(); !chunk.records.empty(); chunk = reader.next())
    for (const RawRecord& record : chunk.records) all.emplace_back(record.bytes.begin(), record.bytes.end());
  return all;
}

image::Picture picture_of(const std::vector<std::byte>& bytes) {
  image::PictureDecoder decoder;
  image::Picture picture;
  const image::Fault fault = image::decode_whole(decoder, bytes, picture);
  EXPECT_FALSE(fault) << fault.text();
  return picture;
}

bool is_indexed(const std::vector<std::byte>& bytes) {
  bool found = false;
  image::each_jpeg_segment(bytes, [&](unsigned marker, image::Bytes) {
    found = found || marker == image::SegmentIndex::kMarker;
    return !found;
  });
  return found;
}

bool is_raw(const std::vector<std::byte>& bytes) { return bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'6'}; }

// Pictures large enough for an index, of the names and classes of the tiny ones.
void make_large_photos(const std::string& folder) {
  for (int i = 0; i < 6; ++i) {
    image::Picture p{320 + 16 * i, 240, {}};
    for (int k = 0; k < p.width * p.height * 3; ++k)
      p.rgb.push_back(static_cast<std::uint8_t>(128 + 90 * std::sin(k * 0.003 * (i + 1)) + k * 7 % 23));
    write_bytes(
        folder + "/a/" + std::to_string(i) + ".jpg",
        image::encode_jpeg({.data = p.rgb.data(), .width = p.width, .height = p.height}, {.progressive = i == 3}));
  }
}

TEST(PackEncode, IndexedJpegsHaveTheSamePixels) {
  World here;
  make_large_photos(here.folder / "photos");
  const PackResult result = here.packed(here.options("indexed", {.encode = Encode::kIndexedJpeg}));
  const auto before = records_of(here.folder / "photos"), after = records_of(here.folder / "indexed");
  ASSERT_EQ(after.size(), before.size());
  uint64_t indexed = 0;
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(picture_of(after[i]).rgb, picture_of(before[i]).rgb) << i;
    indexed += is_indexed(after[i]);
    if (!is_indexed(after[i])) { EXPECT_EQ(after[i], before[i]); }
  }
  EXPECT_GE(indexed, 6u);
  EXPECT_EQ(result.kept, after.size() - indexed) << "pictures of a few hundred bytes are too small for an index";
}

TEST(PackEncode, SmallerAndIndexedGoTogether) {
  World here;
  make_large_photos(here.folder / "photos");
  here.packed(here.options("jpeg", {.encode = Encode::kJpeg, .resize = 200, .quality = 80}));
  here.packed(here.options("both", {.encode = Encode::kIndexedJpeg, .resize = 200, .quality = 80}));
  const auto jpeg = records_of(here.folder / "jpeg"), both = records_of(here.folder / "both");
  uint64_t indexed = 0;
  for (size_t i = 0; i < both.size(); ++i) {
    EXPECT_EQ(picture_of(both[i]).rgb, picture_of(jpeg[i]).rgb) << i;
    indexed += is_indexed(both[i]);
  }
  EXPECT_GT(indexed, 3u);
}

TEST(PackEncode, AnOrientationStaysInJpegs) {
  World world;
  const std::vector<std::uint8_t> rgb(60 * 40 * 3, 90);
  write_bytes(world.folder / "photos/turned/1.jpg",
              image::encode_jpeg({.data = rgb.data(), .width = 60, .height = 40}, {.orientation = 6}));
  const auto turned = [&](const std::string& dest, RepackOptions encoding, std::optional<uint64_t> budget = {}) {
    PackOptions options = world.options(dest, encoding);
    options.budget_bytes = budget;
    world.packed(budget ? with_raw_share(*io::open(world.folder / "photos"), options, world.cores) : options);
    int count = 0;
    for (const auto& record : records_of(world.folder / dest)) count += image::jpeg_orientation(record) == 6;
    return count;
  };
  EXPECT_EQ(turned("kept.lmdb", {}), 1);
  EXPECT_EQ(turned("indexed.lmdb", {.encode = Encode::kIndexedJpeg}), 1);
  EXPECT_EQ(turned("small.lmdb", {.encode = Encode::kJpeg, .resize = 24}), 1);
  EXPECT_EQ(turned("small-indexed.lmdb", {.encode = Encode::kIndexedJpeg, .resize = 24}), 1);
  EXPECT_EQ(turned("mixed.lmdb", {.encode = Encode::kMixed, .resize = 24}, 100u << 20), 1);
  EXPECT_EQ(turned("raw.lmdb", {.encode = Encode::kRaw}), 0) << "pixels say no orientation";
}

TEST(PackEncode, RawIsPixelsOfItsOwnOrOfOneSize) {
  World here;
  here.packed(here.options("own", {.encode = Encode::kRaw}));
  here.packed(here.options("small", {.encode = Encode::kRaw, .resize = 44}));
  here.packed(here.options("fixed", {.encode = Encode::kRaw, .size = image::Size{20, 30}}));
  const auto before = records_of(here.folder / "photos"), own = records_of(here.folder / "own");
  for (size_t i = 0; i < own.size(); ++i) {
    EXPECT_TRUE(is_raw(own[i]));
    EXPECT_EQ(picture_of(own[i]).rgb, picture_of(before[i]).rgb);
  }
  for (const auto& bytes : records_of(here.folder / "small")) {
    const image::Picture p = picture_of(bytes);
    EXPECT_LE(std::min(p.width, p.height), 44);
  }
  for (const auto& bytes : records_of(here.folder / "fixed")) {
    const image::Picture p = picture_of(bytes);
    EXPECT_EQ(p.height, 20);
    EXPECT_EQ(p.width, 30);
  }
}

TEST(PackEncode, MixedKeepsItsBudgetAndStoresWhatSavesTheMost) {
  World here(40);
  const PackOptions raw = here.options("raw", {.encode = Encode::kRaw});
  here.packed(raw);
  uint64_t raw_bytes = 0, jpeg_bytes = 0;
  for (const auto& bytes : records_of(here.folder / "raw")) raw_bytes += bytes.size();
  for (const auto& bytes : records_of(here.folder / "photos")) jpeg_bytes += bytes.size();
  PackOptions mixed = here.options("mixed", {.encode = Encode::kMixed});
  EXPECT_THROW(here.packed(mixed), Error) << "without a budget";
  mixed.budget_bytes = 1000;
  EXPECT_THROW(here.packed(mixed), Error) << "less than the JPEGs take";
  const uint64_t overhead = (uint64_t{4} << 20) + 120 * 2200;  // as plans count it
  mixed.budget_bytes = overhead + (raw_bytes + jpeg_bytes) / 2;
  const PackResult result = here.packed(mixed);
  EXPECT_GT(result.raw, 10u);
  EXPECT_LT(result.raw, 110u);
  EXPECT_LE(result.dest_bytes + overhead, *mixed.budget_bytes);
  // Chosen by the source and the options alone.
  PackOptions again = mixed;
  again.dest = here.folder / "again";
  here.packed(again);
  EXPECT_EQ(records_of(here.folder / "again"), records_of(here.folder / "mixed"));
}

TEST(PackEncode, GoesOnAfterACrashAtAnyWrite) {
  for (const Encode encode : {Encode::kIndexedJpeg, Encode::kRaw, Encode::kMixed}) {
    World here;
    const auto options = [&](const std::string& dest) {
      PackOptions all = here.options(dest, {.encode = encode});
      all.commit_bytes = 40'000;
      all.budget_bytes = uint64_t{5} << 20;
      return all;
    };
    here.packed(options("whole"));
    const auto wanted = records_of(here.folder / "whole");
    for (uint64_t at = 1;; at = at + 1 + at / 4) {
      const std::string dest = "crashed" + std::to_string(at);
      io::FaultyFileSystem faulty({{.nth = at, .does = io::PlannedFault::Does::kCrash}});
      bool crashed = false;
      try {
        here.packed(options(dest), faulty);
      } catch (const Error&) { crashed = true; }
      if (!crashed) break;
      here.packed(options(dest));
      EXPECT_EQ(records_of(here.folder / dest), wanted) << "crash at write " << at;
    }
  }
}

TEST(PackEncode, AnotherEncodingIsAnotherPack) {
  World here;
  here.packed(here.options("packed", {.encode = Encode::kRaw}));
  EXPECT_TRUE(here.packed(here.options("packed", {.encode = Encode::kRaw})).already_complete);
  EXPECT_THROW(here.packed(here.options("packed", {})), Error);
  EXPECT_THROW(here.packed(here.options("packed", {.encode = Encode::kRaw, .resize = 30})), Error);
}

TEST(PackPlan, ComparesTheWaysToStore) {
  World here;
  make_large_photos(here.folder / "photos");
  PackOptions options = here.options("nothing", {});
  options.budget_bytes = uint64_t{1} << 30;
  const auto source = io::open(here.folder / "photos");
  const std::vector<PackAlternative> ways = compare_encodings(*source, options, here.cores);
  ASSERT_EQ(ways.size(), 6u);
  EXPECT_EQ(ways[0].name, "keep");
  EXPECT_EQ(ways[0].bytes, source->bytes());
  EXPECT_TRUE(std::isinf(ways[0].psnr));
  EXPECT_EQ(ways[1].name, "indexed-jpeg");
  EXPECT_TRUE(std::isinf(ways[1].psnr));
  EXPECT_EQ(ways[2].name, "jpeg, 256 px, quality 90");
  EXPECT_GT(ways[2].psnr, 25);
  EXPECT_LT(ways[2].psnr, 60);
  EXPECT_EQ(ways[5].name, "raw, 256 px");
  EXPECT_GT(ways[5].bytes, ways[0].bytes);
  EXPECT_TRUE(std::isinf(ways[5].psnr));
  for (const PackAlternative& way : ways) EXPECT_GT(way.images_per_second, 0) << way.name;
  EXPECT_FALSE(std::filesystem::exists(here.folder / "nothing"));
}

}  // namespace
}  // namespace penstock::test
