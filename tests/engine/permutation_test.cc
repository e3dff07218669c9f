#include "engine/order/permutation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

namespace penstock {
namespace {

std::vector<uint64_t> values(uint64_t n, uint64_t key, uint64_t stream = 0) {
  const Permutation p(n, key, stream);
  std::vector<uint64_t> all(n);
  for (uint64_t i = 0; i < n; ++i) all[i] = p.at(i);
  return all;
}

double chi_square(const std::vector<int>& cells, double expected) {
  double sum = 0;
  for (const int n : cells) sum += (n - expected) * (n - expected) / expected;
  return sum;
}
/// The value that chi-square exceeds once in ten thousand (Wilson, Hilferty 1931).
double limit_of(double freedom) {
  const double v = 2.0 / (9.0 * freedom);
  return freedom * std::pow(1 - v + 3.719 * std::sqrt(v), 3);
}

void expect_bijection(uint64_t n, uint64_t key) {
  const Permutation p(n, key);
  std::vector<bool> seen(n);
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t value = p.at(i);
    ASSERT_LT(value, n);
    ASSERT_FALSE(seen[value]) << "n " << n << " position " << i;
    seen[value] = true;
    ASSERT_EQ(p.position_of(value), i) << "n " << n;
  }
}

TEST(Permutation, TakesEveryValueOnceAndFindsItAgain) {
  for (uint64_t n = 1; n <= 600; ++n) expect_bijection(n, n * 77);
  for (const uint64_t n : {1023u, 1024u, 1025u, 4096u, 9999u, 65536u, 65537u, 100003u}) expect_bijection(n, 5);
}

TEST(Permutation, GoesBackAndForthInTheLargestSets) {
  for (const uint64_t n : {uint64_t{1} << 32, (uint64_t{1} << 40) + 1, (uint64_t{1} << 62) - 57, uint64_t{1} << 63}) {
    const Permutation p(n, 3);
    for (uint64_t i = 0; i < 1000; ++i) {
      const uint64_t position = i < 500 ? i : n - 1000 + i;
      const uint64_t value = p.at(position);
      ASSERT_LT(value, n);
      ASSERT_EQ(p.position_of(value), position);
    }
  }
}

TEST(Permutation, IsAFunctionOfKeyAndStream) {
  EXPECT_EQ(values(1000, 1, 2), values(1000, 1, 2));
  EXPECT_NE(values(1000, 1, 2), values(1000, 1, 3));
  EXPECT_NE(values(1000, 1, 2), values(1000, 2, 2));
}

TEST(Permutation, TakesAllOrdersOfFewEquallyOften) {
  constexpr int kKeys = 24000;
  std::vector<int> orders(24);
  for (uint64_t key = 0; key < kKeys; ++key) {
    const auto v = values(4, 11, key);
    const size_t a = v[0], b = v[1] - (v[1] > v[0]), c = (v[2] > v[3]);
    ++orders[a * 6 + b * 2 + c];
  }
  EXPECT_LT(chi_square(orders, kKeys / 24.0), limit_of(23));
}

TEST(Permutation, BringsEveryValueToEveryPosition) {
  constexpr int kKeys = 6000;
  for (const uint64_t n : {2u, 3u, 5u, 10u, 16u, 23u, 30u}) {
    std::vector<int> cells(n * n);
    for (uint64_t key = 0; key < kKeys; ++key) {
      const auto v = values(n, 13, key);
      for (uint64_t i = 0; i < n; ++i) ++cells[i * n + v[i]];
    }
    EXPECT_LT(chi_square(cells, double(kKeys) / n), limit_of(double((n - 1) * (n - 1)) + 1)) << "n " << n;
  }
}

TEST(Permutation, NeighboursComeInEveryPair) {
  constexpr int kKeys = 8000;
  for (const uint64_t n : {6u, 9u, 12u, 17u}) {
    std::vector<int> cells;
    for (uint64_t first = 0; first + 1 < n; ++first) {
      std::vector<int> pairs(n * n);
      for (uint64_t key = 0; key < kKeys; ++key) {
        const Permutation p(n, 17, key);
        ++pairs[p.at(first) * n + p.at(first + 1)];
      }
      cells.clear();
      for (uint64_t i = 0; i < n * n; ++i) {
        if (i / n != i % n) cells.push_back(pairs[i]);
      }
      EXPECT_LT(chi_square(cells, kKeys / double(n * (n - 1))), limit_of(double(n * (n - 1) - 1)))
          << "n " << n << " first " << first;
    }
  }
}

TEST(Permutation, LeavesNoTraceOfTheOldOrder) {
  // Large sets: where each stretch of positions goes, and how far apart neighbours land.
  constexpr uint64_t kCells = 16;
  for (const uint64_t n : {1000u, 4096u, 10007u, 65536u, 200000u}) {
    const auto v = values(n, 19, n);
    std::vector<int> cells(kCells * kCells), steps(kCells);
    uint64_t fixed = 0, kept = 0;
    for (uint64_t i = 0; i < n; ++i) {
      ++cells[i * kCells / n * kCells + v[i] * kCells / n];
      ++steps[((v[(i + 1) % n] + n - v[i]) % n) * kCells / n];
      fixed += v[i] == i;
      kept += v[(i + 1) % n] == v[i] + 1;
    }
    EXPECT_LT(chi_square(cells, double(n) / (kCells * kCells)), limit_of(kCells * kCells - 1)) << "n " << n;
    EXPECT_LT(chi_square(steps, double(n) / kCells), limit_of(kCells - 1)) << "n " << n;
    EXPECT_LE(fixed, 7u) << "n " << n;  // Poisson, mean 1
    EXPECT_LE(kept, 7u) << "n " << n;
  }
}

TEST(Permutation, OneEpochSaysNothingAboutTheNext) {
  constexpr uint64_t n = 50000, kCells = 16;
  const auto a = values(n, 23, 0), b = values(n, 23, 1);
  std::vector<int> cells(kCells * kCells);
  uint64_t same = 0;
  for (uint64_t i = 0; i < n; ++i) {
    ++cells[a[i] * kCells / n * kCells + b[i] * kCells / n];
    same += a[i] == b[i];
  }
  EXPECT_LT(chi_square(cells, double(n) / (kCells * kCells)), limit_of(kCells * kCells - 1));
  EXPECT_LE(same, 7u);
}

}  // namespace
}  // namespace penstock
