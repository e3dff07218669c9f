#include "stages/learn/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

TEST(Schedule, OneCycleIsPyTorchs) {
  const double torch[][2] = {
      // golden/make_golden.py
      {0.00011999999999999988, 0.94999999999999996}, {0.0010493689626587491, 0.91773024435212669},
      {0.0026378554773663862, 0.86257446259144488},  {0.0029832463063527354, 0.85055845868874358},
      {0.0027990389095242352, 0.85669872981077799},  {0.0024352369618492889, 0.86882550990706331},
      {0.0019421369930853099, 0.88526224127945474},  {0.001387911308000925, 0.90373650467932121},
      {0.0008491829946260975, 0.9216941869558779},   {0.0004004325905664918, 0.93665259359149122},
      {0.00010370096227618565, 0.94654368743221018}, {1.2e-08, 0.94999999999999996}};
  const Schedule schedule({.kind = ScheduleKind::kOneCycle, .lr = 3e-3, .total_steps = 12});
  for (uint64_t step = 0; step < 12; ++step) {
    EXPECT_NEAR(schedule.at(step, 0.9).lr, torch[step][0], 1e-15) << step;
    EXPECT_NEAR(schedule.at(step, 0.9).momentum, torch[step][1], 1e-12) << step;
  }
  EXPECT_EQ(schedule.at(99, 0.9).lr, schedule.at(11, 0.9).lr) << "past the end: as the last";
}

TEST(Schedule, OneCycleLeavesTheMomentumAloneIfAsked) {
  const Schedule schedule({.kind = ScheduleKind::kOneCycle, .lr = 1, .total_steps = 10, .cycle_momentum = false});
  EXPECT_EQ(schedule.at(3, 0.9).momentum, 0.9);
}

TEST(Schedule, OneCycleOfVeryFewStepsHasRates) {
  for (uint64_t total = 1; total < 6; ++total) {
    const Schedule schedule({.kind = ScheduleKind::kOneCycle, .lr = 1, .total_steps = total});
    for (uint64_t step = 0; step < total; ++step) {
      EXPECT_GT(schedule.at(step, 0).lr, 0) << total << " " << step;
      EXPECT_LE(schedule.at(step, 0).lr, 1) << total << " " << step;
    }
  }
}

TEST(Schedule, WarmsUpInALineThenFallsAsACosine) {
  const Schedule schedule(
      {.kind = ScheduleKind::kCosine, .lr = 2, .total_steps = 14, .warmup_steps = 4, .warmup_start = 0, .min_lr = 1});
  EXPECT_DOUBLE_EQ(schedule.at(0, 0.9).lr, 0);
  EXPECT_DOUBLE_EQ(schedule.at(1, 0.9).lr, 0.5);
  EXPECT_DOUBLE_EQ(schedule.at(4, 0.9).lr, 2);
  EXPECT_DOUBLE_EQ(schedule.at(9, 0.9).lr, 1.5);
  EXPECT_DOUBLE_EQ(schedule.at(14, 0.9).momentum, 0.9);
}

TEST(Schedule, StepFallsByGamma) {
  const Schedule schedule({.kind = ScheduleKind::kStep, .lr = 1, .total_steps = 90, .step_every = 30, .gamma = 0.1});
  EXPECT_DOUBLE_EQ(schedule.at(29, 0).lr, 1);
  EXPECT_DOUBLE_EQ(schedule.at(30, 0).lr, 0.1);
  EXPECT_NEAR(schedule.at(89, 0).lr, 0.01, 1e-15);
}

TEST(Schedule, RefusesWhatMakesNoSense) {
  const ScheduleConfig good{.lr = 1, .total_steps = 10};
  const auto refused = [&](auto change) {
    ScheduleConfig config = good;
    change(config);
    try {
      Schedule schedule(config);
      return false;
    } catch (const Error& error) { return error.code() == Code::kUsage; }
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& c) { c.lr = 0; }));
  EXPECT_TRUE(refused([](auto& c) { c.lr = -1; }));
  EXPECT_TRUE(refused([](auto& c) { c.total_steps = 0; }));
  EXPECT_TRUE(refused([](auto& c) { c.warmup_steps = 3; })) << "one-cycle";
  EXPECT_TRUE(refused([](auto& c) { c.kind = ScheduleKind::kCosine, c.warmup_steps = 10; }));
  EXPECT_TRUE(refused([](auto& c) { c.rise = 1.5; }));
  EXPECT_TRUE(refused([](auto& c) { c.final_divisor = 0; }));
  EXPECT_THROW(schedule_named("sine"), Error);
  EXPECT_EQ(name_of(schedule_named("one-cycle")), "one-cycle");
}

}  // namespace
}  // namespace penstock::learn
