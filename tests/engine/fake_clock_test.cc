#include "tests/support/fake_clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace penstock::test {
namespace {

TEST(FakeClock, MovesByHandAndWakesWhoIsDue) {
  FakeClock clock(FakeClock::Jumps::kNever, 100);
  EXPECT_EQ(clock.now_ns(), 100);
  clock.sleep_until_ns(100);
  std::atomic<bool> woke{false};
  std::jthread sleeper([&] {
    clock.sleep_until_ns(150);
    woke = true;
  });
  clock.wait_for_sleepers(1);
  clock.advance(49);
  EXPECT_FALSE(woke);
  clock.advance(1);
  sleeper.join();
  EXPECT_TRUE(woke);
}

TEST(FakeClock, JumpsToTheEarliestDeadlineWhenAllSleep) {
  FakeClock clock;
  std::mutex mutex;
  std::vector<std::pair<int64_t, int>> wakes;
  {
    std::vector<std::jthread> threads;
    const FakeClock::Running running(clock);  // nothing moves until all are there
    std::atomic<int> ready{0};
    for (int id = 1; id <= 3; ++id) {
      threads.emplace_back([&, id] {
        const FakeClock::Running self(clock);
        ++ready;
        for (int i = 1; i <= 3; ++i) {
          clock.sleep_until_ns(i * 100 + id);
          const std::lock_guard lock(mutex);
          wakes.emplace_back(clock.now_ns(), id);
        }
      });
    }
    while (ready < 3) std::this_thread::yield();
    clock.wait_for_sleepers(3);
    EXPECT_EQ(clock.now_ns(), 0);
    const FakeClock::Idle idle(clock);
    threads.clear();
  }
  EXPECT_EQ(wakes, (std::vector<std::pair<int64_t, int>>{
                       {101, 1}, {102, 2}, {103, 3}, {201, 1}, {202, 2}, {203, 3}, {301, 1}, {302, 2}, {303, 3}}));
}

TEST(FakeClock, StandsStillWhileOneThreadCanRun) {
  FakeClock clock;
  const FakeClock::Running running(clock);
  std::jthread sleeper([&] { clock.sleep_until_ns(5); });
  clock.wait_for_sleepers(1);
  EXPECT_EQ(clock.now_ns(), 0);
  {
    const FakeClock::Idle idle(clock);
    sleeper.join();
  }
  EXPECT_EQ(clock.now_ns(), 5);
}

TEST(FakeClock, JumpsForThreadsThatNobodyRegistered) {
  FakeClock clock;
  std::jthread a([&] { clock.sleep_until_ns(int64_t{3600} * 1000000000); });
  std::jthread b([&] { clock.sleep_until_ns(10); });
  a.join();
  b.join();
  EXPECT_EQ(clock.now_ns(), int64_t{3600} * 1000000000);
}

}  // namespace
}  // namespace penstock::test
