#include "engine/order/draws.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace penstock {
namespace {

constexpr uint32_t kStage = draw_key("crop");

TEST(DrawKey, IsFnv1a) {
  static_assert(draw_key("") == 2166136261u);
  static_assert(draw_key("a") == 0xe40c292cu);
  static_assert(draw_key("foobar") == 0xbf9cf968u);
}

TEST(Draws, AreAFunctionOfTheirKeys) {
  Draws a(1, 2, 3, kStage), b(1, 2, 3, kStage);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next_u32(), b.next_u32());
}

// These numbers are in the bytes of every run ever made: they never change.
TEST(Draws, GiveTheNumbersTheyAlwaysGave) {
  Draws draws(1, 2, 3, kStage, 4);
  EXPECT_EQ(draws.next_u32(), 749952089u);
  EXPECT_EQ(draws.next_u64(), 10132978914081540306u);
  EXPECT_EQ(draws.uniform(), 0x1.eb257a93933c9p-1);
  EXPECT_EQ(draws.below(1000), 422u);
  EXPECT_EQ(draws.normal(), -0x1.a0d80af312752p-4);
}

TEST(Draws, DifferWhereAnyKeyDiffers) {
  std::set<uint64_t> first;
  first.insert(Draws(1, 2, 3, kStage).next_u64());
  first.insert(Draws(9, 2, 3, kStage).next_u64());
  first.insert(Draws(1, 9, 3, kStage).next_u64());
  first.insert(Draws(1, 2, 9, kStage).next_u64());
  first.insert(Draws(1, 2, 3, draw_key("flip")).next_u64());
  first.insert(Draws(1, 2, 3, kStage, 1).next_u64());
  first.insert(Draws(1, 2, 3 + (uint64_t{1} << 32), kStage).next_u64());
  first.insert(Draws(1, 2 + (uint64_t{1} << 32), 3, kStage).next_u64());
  EXPECT_EQ(first.size(), 8u);
}

TEST(Draws, ACopyGoesOnFromTheSamePlace) {
  Draws a(1, 2, 3, kStage);
  a.next_u32();
  Draws b = a;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.next_u32(), b.next_u32());
}

TEST(Draws, UniformFillsTheUnitIntervalEvenly) {
  constexpr int kCells = 20, kEach = 5000;
  std::vector<int> cells(kCells);
  for (uint64_t record = 0; record < kCells * kEach / 4; ++record) {
    Draws draws(7, 0, record, kStage);
    for (int i = 0; i < 4; ++i) {
      const double u = draws.uniform();
      ASSERT_GE(u, 0.0);
      ASSERT_LT(u, 1.0);
      ++cells[static_cast<size_t>(u * kCells)];
    }
  }
  double chi2 = 0;
  for (const int n : cells) chi2 += (n - kEach) * double(n - kEach) / kEach;
  EXPECT_LT(chi2, 43.8);  // 19 degrees of freedom, p = 0.001
  EXPECT_GT(chi2, 5.4);   // p = 0.999: evener than chance
}

TEST(Draws, UniformOfARangeStaysInside) {
  Draws draws(7, 0, 0, kStage);
  for (int i = 0; i < 1000; ++i) {
    const double u = draws.uniform(-3, 5);
    EXPECT_GE(u, -3);
    EXPECT_LT(u, 5);
  }
  EXPECT_EQ(draws.uniform(2, 2), 2);
}

TEST(Draws, BelowIsUnbiased) {
  constexpr uint64_t kBound = 7;
  std::vector<int> seen(kBound);
  Draws draws(3, 0, 0, kStage);
  for (int i = 0; i < 70000; ++i) ++seen[draws.below(kBound)];
  double chi2 = 0;
  for (const int n : seen) chi2 += (n - 10000) * double(n - 10000) / 10000;
  EXPECT_LT(chi2, 22.5);  // 6 degrees of freedom, p = 0.001
}

TEST(Draws, BelowIsUnbiasedWhereTheMultiplicationRoundsMost) {
  // Without rejection, a third of 3 * 2^62 numbers would come twice as often as the others.
  const uint64_t bound = uint64_t{3} << 62;
  Draws draws(3, 1, 0, kStage);
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += draws.below(bound) % 3 == 0;
  EXPECT_NEAR(low, 10000, 4 * 82);
  EXPECT_EQ(draws.below(1), 0u);
}

TEST(Draws, BernoulliKeepsItsProbabilityAndItsEnds) {
  Draws draws(3, 2, 0, kStage);
  int yes = 0;
  for (int i = 0; i < 40000; ++i) yes += draws.bernoulli(0.25);
  EXPECT_NEAR(yes, 10000, 4 * 87);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(draws.bernoulli(0));
    EXPECT_TRUE(draws.bernoulli(1));
  }
}

TEST(Draws, NormalHasTheMomentsAndTailsOfANormal) {
  constexpr int kCount = 400000;
  Draws draws(3, 3, 0, kStage);
  double sum = 0, squares = 0, cubes = 0, fourths = 0;
  int beyond2 = 0, beyond4 = 0;
  for (int i = 0; i < kCount; ++i) {
    const double z = draws.normal();
    sum += z;
    squares += z * z;
    cubes += z * z * z;
    fourths += z * z * z * z;
    beyond2 += std::abs(z) > 2;
    beyond4 += std::abs(z) > 4;
  }
  EXPECT_NEAR(sum / kCount, 0, 4 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 4 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(cubes / kCount, 0, 4 * std::sqrt(15.0 / kCount));
  EXPECT_NEAR(fourths / kCount, 3, 4 * std::sqrt(96.0 / kCount));
  EXPECT_NEAR(beyond2 / double(kCount), 0.0455, 4 * std::sqrt(0.0455 / kCount));
  EXPECT_NEAR(beyond4, kCount * 6.334e-5, 4 * std::sqrt(kCount * 6.334e-5));
}

TEST(Draws, NormalIsTheInverseOfTheDistributionFunction) {
  for (uint64_t record = 0; record < 20000; ++record) {
    Draws a(5, 0, record, kStage);
    Draws b = a;
    const double z = a.normal();
    const double u = (static_cast<double>(b.next_u64() >> 12) + 0.5) * 0x1p-52;
    EXPECT_NEAR(0.5 * std::erfc(-z / std::sqrt(2.0)), u, 1e-14) << record;
  }
}

}  // namespace
}  // namespace penstock
