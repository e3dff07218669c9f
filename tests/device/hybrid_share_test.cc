#include "stages/device/hybrid_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/base/error.h"
#include "tests/support/fake_clock.h"

namespace penstock::device {
namespace {

using test::FakeClock;

struct World {
  FakeClock clock{FakeClock::Jumps::kNever};

  /// One batch: both sides work for so long.
  void batch(HybridShare& share, size_t records, int64_t cpu_ns_each, int64_t gpu_ns_each) {
    const size_t gpu = share.gpu_records(records);
    piece(share, Side::kGpu, gpu, gpu_ns_each);
    piece(share, Side::kCpu, records - gpu, cpu_ns_each);
  }
  void piece(HybridShare& share, Side side, size_t records, int64_t ns_each) {
    auto piece = share.begin(side, records);
    clock.advance(ns_each * static_cast<int64_t>(records));
    piece.done();
  }
};

TEST(HybridShare, SplitsByTheRatesThatItMeasures) {
  World world;
  HybridShare share({}, world.clock);
  EXPECT_EQ(share.gpu_records(100), 50u) << "nothing is known yet";
  world.batch(share, 100, 3000, 1000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.75);
  EXPECT_EQ(share.gpu_records(100), 75u);
  EXPECT_EQ(share.text(), "the GPU decodes 75 % at 1000000 images/s, the CPU the rest at 333333 images/s");
}

TEST(HybridShare, BothSidesEndAtTheSameTime) {
  World world;
  HybridShare share({}, world.clock);
  for (int i = 0; i < 5; ++i) world.batch(share, 256, 7000, 1300);
  const auto gpu = static_cast<double>(share.gpu_records(256));
  EXPECT_NEAR(gpu * 1300, (256 - gpu) * 7000, 7000) << "within a record";
}

TEST(HybridShare, FollowsAChangeOnceHalfOfItsWindowHasSeenIt) {
  World world;
  HybridShare share({.window = 5}, world.clock);
  for (int i = 0; i < 5; ++i) world.batch(share, 64, 1000, 1000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.5);
  for (int i = 0; i < 2; ++i) world.batch(share, 64, 1000, 9000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.5) << "two of five may be a hiccup";
  world.batch(share, 64, 1000, 9000);
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.1);
}

TEST(HybridShare, KeepsMeasuringASideThatIsFarSlower) {
  World world;
  HybridShare share({}, world.clock);
  world.batch(share, 10, 1, 1'000'000);
  EXPECT_EQ(share.gpu_records(10), 1u);
  EXPECT_EQ(share.gpu_records(2), 1u);
  EXPECT_EQ(share.gpu_records(1), 0u) << "a single record goes to the faster";
  EXPECT_EQ(share.gpu_records(0), 0u);
}

TEST(HybridShare, AFixedOneLooksAtNoClock) {
  World world;
  HybridShare share({.fixed = 0.25}, world.clock);
  world.batch(share, 100, 1000, 1);
  EXPECT_EQ(share.gpu_records(100), 25u);
  EXPECT_EQ(HybridShare({.fixed = 0.0}, world.clock).gpu_records(100), 0u);
  EXPECT_EQ(HybridShare({.fixed = 1.0}, world.clock).gpu_records(100), 100u);
}

TEST(HybridShare, CountsOnlyWhatWasDone) {
  World world;
  HybridShare share({}, world.clock);
  world.batch(share, 100, 1000, 1000);
  {
    [[maybe_unused]] auto failed = share.begin(Side::kGpu, 10);
    world.clock.advance(1'000'000'000);
  }
  auto empty = share.begin(Side::kGpu, 0);
  empty.done();
  EXPECT_DOUBLE_EQ(share.gpu_share(), 0.5);
}

// Two sides that take their time on the fake clock, which moves only when both sleep.
struct TwoSides {
  FakeClock clock;
  std::vector<int> maker = std::vector<int>(64);  // of each slot: 1 GPU, 2 CPU

  Part side(int who, int64_t ns_each) {
    return [this, who, ns_each](size_t begin, size_t end) {
      const FakeClock::Running running(clock);
      for (size_t i = begin; i < end; ++i) maker[i] = who;
      clock.sleep_until_ns(clock.now_ns() + ns_each * static_cast<int64_t>(end - begin));
    };
  }
};

TEST(RunHybrid, FillsEverySlotOnceTheGpusFirst) {
  TwoSides two;
  HybridShare share({.fixed = 0.25}, two.clock);
  run_hybrid(share, 64, two.side(1, 10), two.side(2, 10));
  for (size_t i = 0; i < 64; ++i) EXPECT_EQ(two.maker[i], i < 16 ? 1 : 2) << i;
}

TEST(RunHybrid, LearnsToLetBothSidesEndTogether) {
  TwoSides two;
  HybridShare share({}, two.clock);
  const auto piece = [&](Side side, int64_t ns_each) {
    auto of = share.begin(side, 1);
    two.clock.advance(ns_each);
    of.done();
  };
  piece(Side::kGpu, 1000);
  piece(Side::kCpu, 7000);
  run_hybrid(share, 64, two.side(1, 1000), two.side(2, 7000));
  EXPECT_EQ(std::count(two.maker.begin(), two.maker.end(), 2), 8) << "an eighth is the CPU's";
}

TEST(RunHybrid, WithOneSideOnlyTheOtherIsNotCalled) {
  TwoSides two;
  const Part never = [](size_t, size_t) { ADD_FAILURE() << "called for nothing"; };
  HybridShare all({.fixed = 1.0}, two.clock), none({.fixed = 0.0}, two.clock);
  run_hybrid(all, 64, two.side(1, 1), never);
  run_hybrid(none, 64, never, two.side(2, 1));
  run_hybrid(none, 0, never, never);
}

TEST(RunHybrid, TellsWhatEitherSideThrewOnceBothHaveEnded) {
  TwoSides two;
  HybridShare share({.fixed = 0.5}, two.clock);
  const Part fails = [](size_t, size_t) { throw Error(Code::kDevice, "the GPU is gone"); };
  EXPECT_THROW(run_hybrid(share, 64, fails, two.side(2, 1)), Error);
  EXPECT_EQ(std::count(two.maker.begin(), two.maker.end(), 2), 32) << "the CPU's part was done";
  EXPECT_THROW(run_hybrid(share, 64, two.side(1, 1), fails), Error);
  EXPECT_EQ(share.text().find("(not measured)"), std::string::npos) << "what was done is counted: " << share.text();
}

TEST(HybridShare, RefusesSharesThatAreNone) {
  for (const double wrong : {-0.1, 1.5}) {
    EXPECT_THROW(HybridShare({.first = wrong}), Error);
    EXPECT_THROW(HybridShare({.fixed = wrong}), Error);
  }
  EXPECT_THROW(HybridShare({.window = 0}), Error);
}

}  // namespace
}  // namespace penstock::device
