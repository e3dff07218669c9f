#include "stages/learn/pixels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

struct Picture {
  explicit Picture(int64_t channels) : bytes(static_cast<size_t>(2 * 5 * 3 * channels)) {
    std::iota(bytes.begin(), bytes.end(), uint8_t{200});
    images = {bytes.data(), 2, 5, 3, channels};
  }
  std::vector<uint8_t> bytes;
  Images images;
};

TEST(PixelNormaliser, GivesTorchvisionsValuesInEveryLayout) {
  const std::vector<double> mean = {0.485, 0.456, 0.406}, std = {0.229, 0.224, 0.225};
  const PixelNormaliser normalise(mean, std);
  const Picture picture(3);
  for (const bool bf16 : {false, true}) {
    for (const bool channels_last : {false, true}) {
      const at::Tensor out = normalise(picture.images, bf16, channels_last);
      ASSERT_EQ(out.sizes().vec(), (std::vector<int64_t>{2, 3, 5, 3}));
      EXPECT_EQ(out.is_contiguous(at::MemoryFormat::ChannelsLast), channels_last);
      EXPECT_EQ(out.scalar_type(), bf16 ? at::kBFloat16 : at::kFloat);
      const at::Tensor plain = out.to(at::kFloat).contiguous();
      const float* value = plain.const_data_ptr<float>();
      for (int64_t n = 0; n < 2; ++n) {
        for (size_t c = 0; c < 3; ++c) {
          for (int64_t p = 0; p < 15; ++p) {
            const float pixel = picture.bytes[static_cast<size_t>((n * 15 + p) * 3) + c];
            const float exact = (pixel / 255.0f - static_cast<float>(mean[c])) / static_cast<float>(std[c]);
            EXPECT_NEAR(*value++, exact, bf16 ? 0.004f * std::abs(exact) : 0.0f);
          }
        }
      }
    }
  }
}

TEST(PixelNormaliser, TakesGreyPictures) {
  const Picture picture(1);
  const PixelNormaliser normalise({0.5}, {0.5});
  EXPECT_TRUE(normalise(picture.images, false, true).equal(normalise(picture.images, false, false)));
}

TEST(PixelNormaliser, RefusesOtherChannels) {
  EXPECT_THROW(PixelNormaliser({0.5}, {0.5})(Picture(3).images, false, true), Error);
  EXPECT_THROW(PixelNormaliser({0.5}, {0.5, 1}), Error);
  EXPECT_THROW(PixelNormaliser({0.5}, {0.0}), Error);
  EXPECT_THROW(PixelNormaliser({}, {}), Error);
}

}  // namespace
}  // namespace penstock::learn
