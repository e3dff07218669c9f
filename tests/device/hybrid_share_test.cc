#include "stages/device/hybrid_share.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/base/error.h"
#include "stages/device/decode_share.h"
#include "tests/support/fake_clock.h"

namespace penstock::device {
namespace {

/// Both sides work on so many records, each for so long.
void batch(HybridShare& share, size_t records, int64_t cpu_ns_each, int64_t gpu_ns_each) {
  const auto n = static_cast<int64_t>(records);
  share.measured(Side::kCpu, records, cpu_ns_each * n);
  share.measured(Side::kGpu, records, gpu_ns_each * n);
}

size_t gpu_records(const HybridShare& share, uint64_t records, uint64_t epoch = 0) {
  size_t gpu = 0;
  for (uint64_t id = 0; id < records; ++id) gpu += share.side_of(id, epoch) == Side::kGpu;
  return gpu;
}

TEST(HybridShare, SplitsByTheRatesThatItMeasures) {
  HybridShare share({});
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.5) << "nothing is known yet";
  batch(share, 100, 3000, 1000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.75);
  EXPECT_NEAR(static_cast<double>(gpu_records(share, 10'000)), 7500, 150);
  EXPECT_EQ(share.text(), "the lanes decode 75 % at 1000000 images/s, the CPUs the rest at 333333 images/s");
}

TEST(HybridShare, CountsAllWorkersOfASide) {
  HybridShare share({.cpu_workers = 6, .gpu_workers = 2});
  batch(share, 10, 6000, 1000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 2.0 / 3) << "six threads make a record in 1000 ns, two lanes in 500";
}

TEST(HybridShare, NeighboursGoToEitherSide) {
  const HybridShare share({.fixed = 0.5});
  for (uint64_t first = 0; first < 1000; first += 100) {
    size_t gpu = 0;
    for (uint64_t id = first; id < first + 100; ++id) gpu += share.side_of(id, 0) == Side::kGpu;
    EXPECT_NEAR(static_cast<double>(gpu), 50, 20) << "of a part of a batch that begins at " << first;
  }
}

TEST(HybridShare, FollowsAChangeAsItsWindowDoes) {
  HybridShare share({.window = 4});
  for (int i = 0; i < 5; ++i) batch(share, 64, 1000, 1000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.5);
  batch(share, 64, 1000, 9000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.25) << "3000 in the mean";
  for (int i = 0; i < 3; ++i) batch(share, 64, 1000, 9000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.1);
}

TEST(HybridShare, ThreadsThatAreOftenHeldUpAreSlow) {
  HybridShare share({});
  for (int i = 0; i < 5; ++i) {
    for (int fast = 0; fast < 2; ++fast) share.measured(Side::kCpu, 16, 16 * 1000);
    share.measured(Side::kCpu, 16, 16 * 25'000);
  }
  share.measured(Side::kGpu, 64, 64 * 1000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.9) << "9000 in the mean, though most take 1000";
}

TEST(HybridShare, KeepsMeasuringASideThatIsFarSlower) {
  HybridShare share({});
  batch(share, 10, 1, 1'000'000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), HybridShare::kLeast);
  for (int i = 0; i < 40; ++i) batch(share, 10, 1'000'000, 1);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 1 - HybridShare::kLeast);
}

TEST(HybridShare, AFixedOneRepeatsItsSplitWhateverIsMeasured) {
  HybridShare share({.fixed = 0.25});
  const HybridShare unmeasured({.fixed = 0.25});
  batch(share, 100, 1000, 1);
  for (uint64_t id = 0; id < 200; ++id) EXPECT_EQ(share.side_of(id, 3), unmeasured.side_of(id, 3));
  size_t moved = 0;
  for (uint64_t id = 0; id < 200; ++id) moved += share.side_of(id, 3) != share.side_of(id, 4);
  EXPECT_GT(moved, 30u) << "an epoch has a split of its own";
  EXPECT_EQ(gpu_records(HybridShare({.fixed = 0.0}), 100), 0u);
  EXPECT_EQ(gpu_records(HybridShare({.fixed = 1.0}), 100), 100u);
}

TEST(HybridShare, NothingIsNoPiece) {
  HybridShare share({});
  share.measured(Side::kGpu, 0, 1000);
  EXPECT_NE(share.text().find("(not measured)"), std::string::npos) << share.text();
}

TEST(HybridShare, RefusesSharesThatAreNone) {
  for (const double wrong : {-0.1, 1.5}) {
    EXPECT_THROW(HybridShare({.first = wrong}), Error);
    EXPECT_THROW(HybridShare({.fixed = wrong}), Error);
  }
  EXPECT_THROW(HybridShare({.window = 0}), Error);
  EXPECT_THROW(HybridShare({.gpu_workers = 0}), Error);
}

TEST(DecodeShare, WithoutSharingTheLanesHaveAll) {
  const DecodeShare all({.hybrid = false});
  const DecodeShare half({.hybrid = true});
  size_t cpu = 0;
  for (uint64_t id = 0; id < 100; ++id) {
    EXPECT_EQ(all.side_of(id, 0), Side::kGpu);
    cpu += half.side_of(id, 0) == Side::kCpu;
  }
  EXPECT_NEAR(static_cast<double>(cpu), 50, 20);
}

TEST(DecodeShare, CountsWhoDidWhatAndWhy) {
  using Why = DecodeShare::Why;
  DecodeShare share({.hybrid = true, .share = {.cpu_workers = 2}});
  for (int i = 0; i < 13; ++i) share.cpu_did(Why::kItsShare, 2'000'000);
  share.cpu_did(Why::kNotVerified, 2'000'000);
  share.cpu_did(Why::kOtherKind, 2'000'000);
  share.cpu_did(Why::kTooLong, 2'000'000);
  share.lane_did(8, 2, 10'000'000);
  size_t lanes = 0;
  for (uint64_t id = 0; id < 10'000; ++id) lanes += share.side_of(id, 0) == Side::kGpu;
  EXPECT_NEAR(static_cast<double>(lanes), 5000, 200) << "two threads at 2 ms, one lane at 1 ms";
  const DecodeCounts counts = share.counts();
  EXPECT_EQ(
      counts.text(),
      "the lanes decoded 8 records at 800 images/s a lane, the CPUs 18 records at 562 images/s a thread "
      "(1 not verified yet, 1 of a kind that no device is given, 1 longer than max_encoded, 2 that a lane's decoder "
      "gave back)");
  DecodeCounts twice = counts;
  twice.add(counts);
  EXPECT_EQ(twice.lanes.records, 16u);
  EXPECT_EQ(twice.given_back, 4u);
  EXPECT_DOUBLE_EQ(twice.cpu.busy_seconds, 0.064);
}

}  // namespace
}  // namespace penstock::device
