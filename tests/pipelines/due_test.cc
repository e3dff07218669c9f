// When a training saves and ends, on a clock that is moved by hand.
#include "pipelines/train/due.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace penstock::train {
namespace {

using test::FakeClock;

constexpr int64_t kSecond = 1'000'000'000;
constexpr CheckpointEvery kNever{.seconds = 0};

TEST(Due, CheckpointsComeByStepsEpochsOrTimeSinceTheLast) {
  FakeClock clock(FakeClock::Jumps::kNever, 7 * kSecond);
  Position at;
  at.steps = 10;
  at.epoch = 2;
  Due steps({.seconds = 0, .steps = 3}, 0, {}, clock, at), epochs({.seconds = 0, .epochs = 1}, 0, {}, clock, at);
  Due time({.seconds = 60}, 0, {}, clock, at), never(kNever, 0, {}, clock, at);
  at.steps = 12;
  for (const Due* due : {&steps, &epochs, &time, &never}) EXPECT_FALSE(due->is_checkpoint(at));
  EXPECT_FALSE(steps.is_saved(at));
  at.steps = 13;
  EXPECT_TRUE(steps.is_checkpoint(at));
  steps.begin_save(at);
  clock.advance(2 * kSecond);
  EXPECT_DOUBLE_EQ(steps.end_save(), 2);
  EXPECT_TRUE(steps.is_saved(at));
  EXPECT_FALSE(steps.is_checkpoint(at));
  at.epoch = 3;
  EXPECT_TRUE(epochs.is_checkpoint(at));
  clock.advance(58 * kSecond);
  EXPECT_TRUE(time.is_checkpoint(at));
  EXPECT_FALSE(never.is_checkpoint(at));
}

TEST(Due, ACheckpointThatFailedIsNotTriedAgainForTheSameStep) {
  FakeClock clock(FakeClock::Jumps::kNever);
  Position at;
  Due due(kNever, 0, {}, clock, at);
  at.steps = 1;
  due.begin_save(at);  // and no end
  EXPECT_TRUE(due.is_saved(at));
}

TEST(Due, ATimeLimitLeavesRoomForTheSlowestCheckpoint) {
  FakeClock clock(FakeClock::Jumps::kNever);
  const Position at;
  Due due(kNever, 100, {}, clock, at);
  clock.advance(89 * kSecond);
  EXPECT_EQ(due.end(), std::nullopt);  // twice the 5 s that are assumed
  clock.advance(kSecond);
  EXPECT_EQ(due.end(), TrainEnd::kTimeUp);
  Due slow(kNever, 100, {}, clock, at);
  slow.begin_save(at);
  clock.advance(20 * kSecond);
  slow.end_save();
  clock.advance(39 * kSecond);
  EXPECT_EQ(slow.end(), std::nullopt);
  clock.advance(kSecond);
  EXPECT_EQ(slow.end(), TrainEnd::kTimeUp);
  EXPECT_DOUBLE_EQ(slow.seconds(), 60);
}

TEST(Due, AStopComesBeforeTheTimeLimit) {
  FakeClock clock(FakeClock::Jumps::kNever);
  std::stop_source stop;
  Due due(kNever, 1, stop.get_token(), clock, Position());
  clock.advance(kSecond);
  EXPECT_EQ(due.end(), TrainEnd::kTimeUp);
  stop.request_stop();
  EXPECT_EQ(due.end(), TrainEnd::kStopped);
}

}  // namespace
}  // namespace penstock::train
