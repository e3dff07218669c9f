#include "tests/device/normalise_cases.h"

#include <cmath>
#include <limits>

namespace penstock::device {
namespace {

INSTANTIATE_TEST_SUITE_P(Here, NormaliseOnDevice, testing::Values("cpu", "sim:0"), device_word);

// The value of a binary16.
double value_of(uint16_t bits) {
  const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  const double size = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

TEST(Rounding, ToHalfIsToTheNearestAndOnTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const double here = value_of(static_cast<uint16_t>(bits));
    ASSERT_EQ(f16_bits(static_cast<float>(here)), bits);
    if (bits == 0x7bff) break;
    const double next = value_of(static_cast<uint16_t>(bits + 1)), tie = (here + next) / 2;  // exact in f32
    ASSERT_EQ(f16_bits(static_cast<float>(tie)), (bits & 1) ? bits + 1 : bits);
    ASSERT_EQ(f16_bits(std::nextafter(static_cast<float>(tie), 0.0f)), bits);
    ASSERT_EQ(f16_bits(-std::nextafter(static_cast<float>(tie), 1e9f)), 0x8000 | (bits + 1));
  }
  EXPECT_EQ(f16_bits(65519.99f), 0x7bff);
  EXPECT_EQ(f16_bits(65520.0f), 0x7c00);
  EXPECT_EQ(f16_bits(-std::numeric_limits<float>::infinity()), 0xfc00);
  EXPECT_EQ(f16_bits(std::nanf("")) & 0x7fff, 0x7e00);
  EXPECT_EQ(f16_bits(-0.0f), 0x8000);
}

TEST(Rounding, ToBfloatIsToTheNearestAndOnTiesToEven) {
  EXPECT_EQ(bf16_bits(1.0f), 0x3f80);
  EXPECT_EQ(bf16_bits(std::bit_cast<float>(0x3f808000u)), 0x3f80);
  EXPECT_EQ(bf16_bits(std::bit_cast<float>(0x3f818000u)), 0x3f82);
  EXPECT_EQ(bf16_bits(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(bf16_bits(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(bf16_bits(std::nanf("")), 0x7fc0);
}

}  // namespace
}  // namespace penstock::device
