#include "engine/order/order_quality.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "engine/order/epoch_plan.h"

namespace penstock {
namespace {

/// Equal classes, one behind the other.
struct Sorted {
  uint64_t classes, each;
  uint64_t records() const { return classes * each; }
  std::vector<uint64_t> counts() const { return std::vector<uint64_t>(classes, each); }
};

OrderQuality quality_of(const Sorted& data, PlanOptions options, uint64_t most = 1 << 20) {
  options.records = data.records();
  const EpochPlan plan(options);
  return order_quality(data.counts(), data.records(), options.batch, most, [&](uint64_t first, std::span<int64_t> out) {
    std::vector<uint64_t> ids(out.size());
    plan.records(0, first, ids);
    for (size_t i = 0; i < ids.size(); ++i) out[i] = static_cast<int64_t>(ids[i] / data.each);
  });
}

double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

/// Blocks of one class each, `group` of them drawn for a window, a batch drawn from the window: the number of a class's blocks in it is hypergeometric.
double closed_form(const Sorted& data, double block, double group, double batch) {
  const double blocks = static_cast<double>(data.records()) / block, own = static_cast<double>(data.each) / block;
  const double window = block * group;
  double distinct = 0;
  for (double k = 0; k <= std::min(own, group); ++k) {
    const double p = std::exp(log_choose(own, k) + log_choose(blocks - own, group - k) - log_choose(blocks, group));
    const double missed =
        window - block * k < batch ? 0 : std::exp(log_choose(window - block * k, batch) - log_choose(window, batch));
    distinct += static_cast<double>(data.classes) * p * (1 - missed);
  }
  const double full = distinct_of_full_shuffle(data.counts(), data.records(), static_cast<uint64_t>(batch));
  return (distinct - 1) / (full - 1);
}

TEST(OrderQuality, ASortedSetShowsOneClassABatchAndAFullShuffleAllThatChanceShows) {
  const Sorted data{100, 1280};
  const OrderQuality sorted = quality_of(data, {.order = Order::kSequential, .batch = 256});
  EXPECT_LT(sorted.quality, 0.01);
  EXPECT_GT(sorted.serial_correlation, 0.99);
  const OrderQuality full = quality_of(data, {.seed = 3, .order = Order::kFull, .batch = 256});
  EXPECT_NEAR(full.quality, 1, 0.01);
  EXPECT_NEAR(full.distinct, full.distinct_full, 0.01 * full.distinct_full);
  EXPECT_NEAR(full.serial_correlation, 0, 0.01);
}

TEST(OrderQuality, OfABlockShuffleOverSortedClassesIsItsClosedForm) {
  const Sorted data{1000, 1280};
  for (const auto& [block, group] : {std::pair<uint64_t, uint64_t>{320, 8}, {320, 32}, {64, 32}, {1280, 4}}) {
    const OrderQuality found =
        quality_of(data, {.seed = 7, .order = Order::kBlock, .batch = 256, .block = block, .group_blocks = group});
    const double expected = closed_form(data, static_cast<double>(block), static_cast<double>(group), 256);
    EXPECT_NEAR(found.quality, expected, 0.02 * expected) << block << " x " << group;
    EXPECT_LT(found.quality, 0.2) << "few classes fit into a window";
  }
}

TEST(OrderQuality, MeansNothingWithoutTwoClassesOrABatchOfTwo) {
  EXPECT_EQ(quality_of({1, 100}, {.batch = 10}).quality, -1);
  EXPECT_EQ(quality_of({2, 5}, {.batch = 1}).quality, -1);
}

TEST(OrderQuality, ASmallBatchIsTakenWhereThereAreFewRecords) {
  const OrderQuality few = quality_of({2, 40}, {.order = Order::kSequential, .batch = 64});
  EXPECT_EQ(few.batch, 10u);
  EXPECT_EQ(few.batches, 8u);
  EXPECT_EQ(few.quality, 0);
}

}  // namespace
}  // namespace penstock
