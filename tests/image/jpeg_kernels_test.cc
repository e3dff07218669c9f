#include "stages/image/jpeg/jpeg_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "stages/image/jpeg/blocks.h"
#include "stages/image/jpeg/jpeg_reference.h"
#include "tests/image/targets.h"

namespace penstock::image {
namespace {

struct alignas(64) Group {
  std::array<std::int16_t, kGroupCoefficients> coefficients{};
};
using Samples = std::array<std::uint8_t, 8 * 40>;  // 8 rows of 32, 40 apart

// `most`: magnitude of coefficients; `filled`: how many of a block's are not zero.
Group random_group(std::mt19937& random, int most, int filled) {
  Group group;
  for (int block = 0; block < kGroup; ++block)
    for (int i = 0; i < filled; ++i)
      group.coefficients[kGroupOffset[random() % 64] + block * 8] =
          static_cast<std::int16_t>(static_cast<int>(random() % (2u * static_cast<unsigned>(most) + 1)) - most);
  return group;
}

TEST(JpegKernels, TransformLikeTheReferenceOnEveryTarget) {
  on_every_target([] {
    std::mt19937 random(5);
    for (int i = 0; i < 3000; ++i) {
      const int most = std::array{3, 60, 1023, 32767}[i % 4];
      const Group group = random_group(random, most, 1 + i % 64);
      alignas(64) std::array<std::int16_t, 64> quant;
      for (auto& q : quant) q = static_cast<std::int16_t>(1 + random() % (i % 8 == 7 ? 65535 : 255));
      Group fast = group, plain = group;
      Samples fast_samples{}, plain_samples{};
      idct_group(fast.coefficients.data(), quant.data(), fast_samples.data(), 40);
      idct_group_reference(plain.coefficients.data(), quant.data(), plain_samples.data(), 40);
      ASSERT_EQ(fast_samples, plain_samples) << i;
      ASSERT_EQ(fast.coefficients, Group().coefficients) << "zeroed for the next blocks";
    }
  });
}

TEST(JpegKernels, TransformToHalfTheSizeLikeTheReferenceOnEveryTarget) {
  on_every_target([] {
    std::mt19937 random(15);
    for (int i = 0; i < 3000; ++i) {
      const Group group = random_group(random, std::array{3, 60, 1023, 32767}[i % 4], 1 + i % 64);
      alignas(64) std::array<std::int16_t, 64> quant;
      for (auto& q : quant) q = static_cast<std::int16_t>(1 + random() % 255);
      Group fast = group, plain = group;
      Samples fast_samples{}, plain_samples{};
      idct_group_half(fast.coefficients.data(), quant.data(), fast_samples.data(), 40);
      idct_group_half_reference(plain.coefficients.data(), quant.data(), plain_samples.data(), 40);
      ASSERT_EQ(fast_samples, plain_samples) << i;
      ASSERT_EQ(fast.coefficients, Group().coefficients);
    }
  });
}

TEST(JpegKernels, TransformFlatBlocksLikeTheReference) {
  std::mt19937 random(6);
  for (int dc = -32768; dc < 32768; dc += 7) {
    Group group;
    for (int block = 0; block < kGroup; ++block) group.coefficients[block * 8] = static_cast<std::int16_t>(dc + block);
    alignas(64) std::array<std::int16_t, 64> quant;
    quant.fill(static_cast<std::int16_t>(1 + random() % 60));
    Group fast = group, plain = group;
    Samples fast_samples{}, plain_samples{};
    idct_group_dc(fast.coefficients.data(), quant.data(), fast_samples.data(), 40);
    idct_group_reference(plain.coefficients.data(), quant.data(), plain_samples.data(), 40);
    ASSERT_EQ(fast_samples, plain_samples) << dc;
    ASSERT_EQ(fast.coefficients, Group().coefficients);
  }
}

// The double-precision transform (ITU-T T.81, A.3.3): the oracle of the oracle.
TEST(JpegKernels, TransformAsTheFormulaDoes) {
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    Group group = random_group(random, 90, 12);
    std::array<double, 64> block;
    for (int k = 0; k < 64; ++k) block[k] = group.coefficients[k / 8 * 8 * kGroup + k % 8];
    alignas(64) std::array<std::int16_t, 64> quant;
    quant.fill(1);
    Samples samples{};
    idct_group(group.coefficients.data(), quant.data(), samples.data(), 40);
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 8; ++x) {
        double sum = 0;
        for (int v = 0; v < 8; ++v)
          for (int u = 0; u < 8; ++u)
            sum += (u == 0 ? std::sqrt(0.5) : 1) * (v == 0 ? std::sqrt(0.5) : 1) * block[v * 8 + u] *
                   std::cos((2 * x + 1) * u * M_PI / 16) * std::cos((2 * y + 1) * v * M_PI / 16);
        ASSERT_NEAR(samples[y * 40 + x], std::clamp(128 + sum / 4, 0.0, 255.0), 1.0);
      }
  }
}

TEST(JpegKernels, ConvertLikeTheReferenceOnEveryTarget) {
  on_every_target([] {
    std::mt19937 random(8);
    const auto samples = [&](int count) {
      std::vector<std::uint8_t> all(static_cast<std::size_t>(count) + 2 * 64);
      for (auto& s : all) s = static_cast<std::uint8_t>(random() % 4 == 0 ? random() % 2 * 255 : random());
      return all;
    };
    for (const int pixels : {1, 2, 3, 15, 16, 17, 31, 63, 64, 65, 127, 128, 129, 200, 257})
      for (const auto shape :
           {ChromaShape::kFull, ChromaShape::kHalfAcross, ChromaShape::kHalfDown, ChromaShape::kQuarter})
        for (const bool above : {false, true}) {
          const auto luma = samples(pixels);
          const std::array chroma = {samples(pixels), samples(pixels), samples(pixels), samples(pixels)};
          const YccRow row{luma.data(),          chroma[0].data() + 8, chroma[1].data() + 8,
                           chroma[2].data() + 8, chroma[3].data() + 8, above};
          const auto bytes = static_cast<std::size_t>(pixels) * 3;
          std::vector<std::uint8_t> fast(bytes + kRgbPadding), plain(bytes);
          ycc_to_rgb(shape, row, pixels, fast.data());
          ycc_to_rgb_reference(shape, row, pixels, plain.data());
          fast.resize(bytes);
          ASSERT_EQ(fast, plain) << pixels << " pixels, shape " << static_cast<int>(shape);
        }
  });
}

TEST(JpegKernels, GreyIsThreeTimesTheSame) {
  on_every_target([] {
    std::vector<std::uint8_t> luma(300 + 64);
    for (std::size_t i = 0; i < luma.size(); ++i) luma[i] = static_cast<std::uint8_t>(i * 7);
    std::vector<std::uint8_t> rgb(900 + kRgbPadding);
    grey_to_rgb(luma.data(), 300, rgb.data());
    for (int i = 0; i < 900; ++i) ASSERT_EQ(rgb[i], luma[i / 3]);
  });
}

}  // namespace
}  // namespace penstock::image
