// The fast path of JPEGs against libjpeg-turbo: the same pixels, and the same judgement of damage.
#include "stages/image/jpeg/baseline_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "stages/image/picture_decoder.h"
#include "tests/image/photos.h"
#include "tests/support/data_dir.h"

namespace penstock::image {
namespace {

struct Decoded {
  FaultKind kind = FaultKind::kNone;
  std::string text;
  Picture picture;
};

Decoded decoded(PictureDecoder& decoder, Bytes bytes) {
  Decoded result;
  const Fault fault = decode_whole(decoder, bytes, result.picture);
  result.kind = fault.kind;
  result.text = fault.text();
  if (fault) result.picture = {};
  return result;
}

void expect_same(PictureDecoder& fast, PictureDecoder& libjpeg, Bytes bytes, const std::string& what) {
  const Decoded a = decoded(fast, bytes), b = decoded(libjpeg, bytes);
  ASSERT_EQ(a.text, b.text) << what;
  ASSERT_EQ(a.picture.rgb, b.picture.rgb) << what;
}

TEST(BaselineDecoder, HasThePixelsOfLibjpeg) {
  PictureDecoder fast, libjpeg(false, JpegPath::kLibjpeg);
  for (const auto sampling :
       {ChromaSampling::k444, ChromaSampling::k422, ChromaSampling::k420, ChromaSampling::k440, ChromaSampling::k411})
    for (const int restart_rows : {0, 1})
      for (const int quality : {5, 60, 95, 100})
        for (const auto& [width, height] : {std::pair{1, 1},
                                            {2, 3},
                                            {4, 4},
                                            {5, 5},
                                            {8, 16},
                                            {17, 31},
                                            {97, 61},
                                            {130, 16},
                                            {16, 130},
                                            {333, 5},
                                            {211, 223}}) {
          const auto bytes = jpeg_of(made_picture(width, height),
                                     {.quality = quality, .sampling = sampling, .restart_rows = restart_rows});
          ASSERT_NO_FATAL_FAILURE(expect_same(fast, libjpeg, bytes,
                                              std::to_string(width) + "x" + std::to_string(height) + " quality " +
                                                  std::to_string(quality) + " sampling " +
                                                  std::to_string(static_cast<int>(sampling))));
        }
}

TEST(BaselineDecoder, HasThePixelsOfLibjpegOnRealPhotographs) {
  const auto folder = test::data_dir("imagenet-sample");
  if (folder.empty()) GTEST_SKIP() << "no data set imagenet-sample";
  PictureDecoder fast, libjpeg(false, JpegPath::kLibjpeg);
  for (const auto& file : files_in(folder, {".JPEG"}))
    ASSERT_NO_FATAL_FAILURE(expect_same(fast, libjpeg, read_file(file), file.filename()));
}

// Whatever is done to the bytes, both say the same: a fault of the same words, or the same pixels.
TEST(BaselineDecoder, JudgesDamageAsLibjpegDoes) {
  PictureDecoder fast, libjpeg(false, JpegPath::kLibjpeg);
  std::mt19937 random(3);
  int sound = 0, damaged = 0;
  for (const auto sampling : {ChromaSampling::k444, ChromaSampling::k420})
    for (const int restart_rows : {0, 1}) {
      const auto whole =
          jpeg_of(made_picture(75, 52), {.quality = 80, .sampling = sampling, .restart_rows = restart_rows});
      for (int i = 0; i < 1500; ++i) {
        auto bytes = whole;
        const std::size_t at = random() % bytes.size();
        switch (i % 4) {
          case 0: bytes[at] = static_cast<std::byte>(random()); break;
          case 1: bytes[at] ^= static_cast<std::byte>(1u << random() % 8); break;
          case 2: bytes.resize(at); break;
          default: bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at)); break;
        }
        ASSERT_NO_FATAL_FAILURE(expect_same(fast, libjpeg, bytes, "change " + std::to_string(i)));
        (decoded(fast, bytes).kind == FaultKind::kNone ? sound : damaged) += 1;
      }
    }
  EXPECT_GT(sound, 100) << "damage that decodes to some picture";
  EXPECT_GT(damaged, 1000);
}

// Pictures made smaller by the transform: every size, sampling and crop as libjpeg does it.
TEST(BaselineDecoder, MakesPicturesSmallerAsLibjpegDoes) {
  PictureDecoder fast, libjpeg(false, JpegPath::kLibjpeg);
  std::mt19937 random(12);
  for (const auto sampling : {ChromaSampling::k444, ChromaSampling::k422, ChromaSampling::k420, ChromaSampling::k440})
    for (const auto& [width, height] : {std::pair{8, 8}, {16, 5}, {97, 61}, {130, 16}, {31, 200}, {211, 223}})
      for (const int shrink : {1, 2})
        for (const bool verified : {false, true}) {
          const auto bytes = jpeg_of(made_picture(width, height), {.quality = 90, .sampling = sampling});
          ASSERT_FALSE(fast.open(bytes));
          if (shrink > fast.header().most_shrink) continue;
          const Rect all{0, 0, (width + shrink - 1) / shrink, (height + shrink - 1) / shrink};
          Picture whole, crop;
          PictureRows rows(all.width, all.height, whole);
          ASSERT_FALSE(libjpeg.open(bytes));
          ASSERT_FALSE(libjpeg.decode_shrunk(all, shrink, false, rows));
          for (int i = 0; i < 12; ++i) {
            Rect r = all;
            if (i > 0) {
              r.width = 1 + static_cast<int>(random() % static_cast<unsigned>(all.width));
              r.height = 1 + static_cast<int>(random() % static_cast<unsigned>(all.height));
              r.x = static_cast<int>(random() % static_cast<unsigned>(all.width - r.width + 1));
              r.y = static_cast<int>(random() % static_cast<unsigned>(all.height - r.height + 1));
            }
            PictureRows part(r.width, r.height, crop);
            ASSERT_FALSE(fast.open(bytes));
            ASSERT_FALSE(fast.decode_shrunk(r, shrink, verified, part));
            ASSERT_EQ(crop.rgb, part_of(whole, r).rgb)
                << width << "x" << height << " sampling " << static_cast<int>(sampling) << " by " << shrink << " crop "
                << r.x << "," << r.y << " " << r.width << "x" << r.height;
          }
        }
}

TEST(BaselineDecoder, GoesOnAfterDamageInAnotherPicture) {
  PictureDecoder fast, libjpeg(false, JpegPath::kLibjpeg);
  const auto good = jpeg_of(made_picture(60, 60));
  auto bad = jpeg_of(made_picture(90, 40));
  bad.resize(bad.size() / 2);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(decoded(fast, bad).kind, FaultKind::kTruncated);
    ASSERT_NO_FATAL_FAILURE(expect_same(fast, libjpeg, good, "after damage"));
  }
}

}  // namespace
}  // namespace penstock::image
