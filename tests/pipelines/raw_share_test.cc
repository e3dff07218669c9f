#include "pipelines/pack/raw_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace penstock {
namespace {

std::vector<RawCandidate> some_records(std::mt19937& random, int count) {
  const auto between = [&](double a, double b) { return std::uniform_real_distribution<double>(a, b)(random); };
  std::vector<RawCandidate> all(static_cast<size_t>(count));
  for (RawCandidate& c : all) {
    c.jpeg_bytes = between(10e3, 60e3);
    c.raw_bytes = between(5e3, 300e3);
    c.jpeg_seconds = 30e-6 + 3e-9 * c.jpeg_bytes * between(0.7, 1.4);
    c.raw_seconds = 0.15e-9 * c.raw_bytes;
  }
  return all;
}

// What a choice of records gives: bit i of `chosen`.
double rate_of(const std::vector<RawCandidate>& all, unsigned chosen, const RawShareLimits& limits) {
  double bytes = 0, seconds = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool raw = (chosen >> i & 1) != 0;
    bytes += raw ? all[i].raw_bytes : all[i].jpeg_bytes;
    seconds += raw ? all[i].raw_seconds : all[i].jpeg_seconds;
  }
  const auto count = static_cast<double>(all.size());
  if (bytes > limits.mean_bytes * count) return 0;
  const double cores = count * limits.cores / seconds;
  return limits.disk_bytes_per_second > 0 ? std::min(cores, count * limits.disk_bytes_per_second / bytes) : cores;
}

double mean_jpeg_bytes(const std::vector<RawCandidate>& all) {
  double sum = 0;
  for (const RawCandidate& c : all) sum += c.jpeg_bytes;
  return sum / static_cast<double>(all.size());
}

// Against every choice that there is: what whole records could do better is less than what one of them is worth.
TEST(RawShare, IsTheBestChoiceButForOneRecord) {
  std::mt19937 random(8);
  for (int round = 0; round < 60; ++round) {
    const auto all = some_records(random, 11);
    RawShareLimits limits{.mean_bytes = mean_jpeg_bytes(all) * (1 + 0.3 * (round % 10)), .cores = 2};
    if (round % 2 == 1) limits.disk_bytes_per_second = 300e6 * (1 + round % 7);
    double best = 0;
    for (unsigned chosen = 0; chosen < 1u << all.size(); ++chosen) best = std::max(best, rate_of(all, chosen, limits));
    const RawShare share = choose_raw_share(all, limits);
    double seconds = 0, worth = 0;
    unsigned chosen = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      const bool raw = all[i].saved_per_byte() >= share.least_saved_per_byte;
      chosen |= static_cast<unsigned>(raw) << i;
      seconds += raw ? all[i].raw_seconds : all[i].jpeg_seconds;
      worth = std::max(worth, all[i].jpeg_seconds - all[i].raw_seconds);
    }
    const double rate = rate_of(all, chosen, limits);
    ASSERT_GT(rate, 0) << "within the budget, round " << round;
    EXPECT_NEAR(rate, share.images_per_second, 1e-9 * rate);
    EXPECT_LE(best, rate * seconds / std::max(1e-9, seconds - worth) * 1.000001 + 1e-9) << "round " << round;
  }
}

TEST(RawShare, IsNothingWithoutRoomAndAllWithoutLimits) {
  std::mt19937 random(9);
  auto all = some_records(random, 40);
  for (RawCandidate& c : all) c.raw_bytes = c.jpeg_bytes * 5, c.raw_seconds = 1e-6;
  EXPECT_EQ(choose_raw_share(all, {.mean_bytes = mean_jpeg_bytes(all)}).share, 0);
  EXPECT_EQ(choose_raw_share(all, {.mean_bytes = 1e9}).share, 1);
}

TEST(RawShare, StopsWhereTheDiskBecomesTheLimit) {
  std::mt19937 random(10);
  auto all = some_records(random, 400);
  for (RawCandidate& c : all) c.raw_bytes = c.jpeg_bytes * 5, c.raw_seconds = 1e-6;
  const RawShare free = choose_raw_share(all, {.mean_bytes = 1e9, .cores = 2});
  const RawShare slow = choose_raw_share(all, {.mean_bytes = 1e9, .disk_bytes_per_second = 1e9, .cores = 2});
  EXPECT_GT(slow.share, 0.02);
  EXPECT_LT(slow.share, free.share);
  EXPECT_NEAR(slow.images_per_second, 1e9 / slow.mean_bytes, 0.05 * slow.images_per_second) << "both limits meet";
}

}  // namespace
}  // namespace penstock
