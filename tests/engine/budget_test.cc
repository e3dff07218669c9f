#include "engine/memory/budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "engine/base/error.h"

namespace penstock {
namespace {

void wait_until_waiting(const Budgets& budgets, size_t count) {
  while (budgets.waiting() < count) std::this_thread::yield();
}

Code code_of(const std::function<void()>& call, std::string* text = nullptr) {
  try {
    call();
  } catch (const Error& e) {
    if (text) *text = e.what();
    return e.code();
  }
  ADD_FAILURE() << "no Error was thrown";
  return Code::kInternal;
}

TEST(Budgets, CountWhatIsOutAndTheMostThatEverWas) {
  Budgets budgets(Need::ram(100));
  auto a = budgets.try_take(Need::ram(60));
  ASSERT_TRUE(a);
  EXPECT_FALSE(budgets.try_take(Need::ram(41)));
  auto b = budgets.try_take(Need::ram(40));
  ASSERT_TRUE(b);
  a.reset();
  EXPECT_EQ(budgets.used(Tier::kRam), 40u);
  EXPECT_EQ(budgets.peak(Tier::kRam), 100u);
  Credit moved = std::move(*b);
  b.reset();
  EXPECT_EQ(budgets.used(Tier::kRam), 40u);
  moved = Credit();
  EXPECT_EQ(budgets.used(Tier::kRam), 0u);
}

TEST(Budgets, AnUnlimitedTierIsOnlyCounted) {
  Budgets budgets;
  const Credit credit = budgets.take(Need::of(Tier::kGpu, uint64_t{1} << 50));
  EXPECT_EQ(budgets.used(Tier::kGpu), uint64_t{1} << 50);
}

TEST(Budgets, ANeedIsMetOnAllTiersOrOnNone) {
  Budgets budgets(Need::ram(10) + Need::of(Tier::kPinned, 10));
  const auto a = budgets.try_take(Need::ram(4) + Need::of(Tier::kPinned, 8));
  EXPECT_FALSE(budgets.try_take(Need::ram(4) + Need::of(Tier::kPinned, 8)));
  EXPECT_EQ(budgets.used(Tier::kRam), 4u);
}

TEST(Budgets, ANeedThatCanNeverBeMetIsRefusedAtOnceWithTheLeastThatWould) {
  Budgets budgets(Need::ram(1 << 20));
  std::string text;
  EXPECT_EQ(code_of([&] { budgets.take(Need::ram(3 << 20)); }, &text), Code::kMemory);
  EXPECT_NE(text.find("budget.ram that works is 3MiB"), std::string::npos) << text;
  const Reserve reserve(budgets, Need::ram(1 << 19));
  EXPECT_EQ(code_of([&] { budgets.take(Need::ram(3 << 18)); }, &text), Code::kMemory);
  EXPECT_NE(text.find("budget.ram that works is 1280KiB"), std::string::npos) << text;
}

TEST(Budgets, ACreditOutlivesItsBudgets) {
  auto budgets = std::make_unique<Budgets>(Need::ram(10));
  Credit credit = budgets->take(Need::ram(10));
  budgets.reset();
  EXPECT_EQ(credit.need(), Need::ram(10));
}

TEST(Budgets, ALargeNeedIsNotOvertakenBySmallOnes) {
  Budgets budgets(Need::ram(10));
  auto first = budgets.try_take(Need::ram(6));
  std::vector<int> order;  // guarded by the budget: only one of the two fits at a time
  std::jthread large([&] {
    const Credit credit = budgets.take(Need::ram(9));
    order.push_back(9);
  });
  wait_until_waiting(budgets, 1);
  EXPECT_FALSE(budgets.try_take(Need::ram(2))) << "it fits, but another waits";
  std::jthread small([&] {
    const Credit credit = budgets.take(Need::ram(2));
    order.push_back(2);
  });
  wait_until_waiting(budgets, 2);
  first.reset();
  large.join();
  small.join();
  EXPECT_EQ(order, (std::vector<int>{9, 2}));
}

TEST(Budgets, AWaiterThatIsStoppedThrowsAndLetsTheNextOneIn) {
  Budgets budgets(Need::ram(10));
  const auto held = budgets.try_take(Need::ram(6));
  std::stop_source stop;
  std::jthread large(
      [&] { EXPECT_EQ(code_of([&] { budgets.take(Need::ram(9), stop.get_token()); }), Code::kCancelled); });
  wait_until_waiting(budgets, 1);
  std::jthread small([&] { budgets.take(Need::ram(2)); });
  wait_until_waiting(budgets, 2);
  stop.request_stop();
  small.join();
  large.join();
  EXPECT_EQ(budgets.waiting(), 0u);
  EXPECT_EQ(budgets.used(Tier::kRam), 6u);
  EXPECT_EQ(code_of([&] { budgets.take(Need::ram(1), stop.get_token()); }), Code::kCancelled);
}

TEST(Budgets, AskForIdleMemoryOnlyWhenSomebodyMustWait) {
  Budgets budgets(Need::ram(10));
  std::vector<Credit> idle;
  int asked = 0;
  auto registration = budgets.add_reclaimer([&] {
    ++asked;
    const bool any = !idle.empty();
    idle.clear();
    return any;
  });
  idle.push_back(budgets.take(Need::ram(7)));
  idle.push_back(budgets.take(Need::ram(1)));
  EXPECT_EQ(asked, 0);
  const Credit credit = budgets.take(Need::ram(10));
  EXPECT_EQ(asked, 1);
  registration.end();
  std::stop_source stop;
  std::jthread waiter([&] { EXPECT_THROW(budgets.take(Need::ram(1), stop.get_token()), Error); });
  wait_until_waiting(budgets, 1);
  stop.request_stop();
  waiter.join();
  EXPECT_EQ(asked, 1);
}

TEST(Budgets, NeverGiveMoreThanTheLimitToManyThreads) {
  Budgets budgets(Need::ram(100) + Need::of(Tier::kPinned, 50));
  std::atomic<int64_t> ram{0}, pinned{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const uint64_t bytes = static_cast<uint64_t>((i * 7 + t * 13) % 50 + 1);
        const Credit credit = budgets.take(Need::ram(bytes * 2) + Need::of(Tier::kPinned, bytes));
        EXPECT_LE(ram += static_cast<int64_t>(bytes * 2), 100);
        EXPECT_LE(pinned += static_cast<int64_t>(bytes), 50);
        ram -= static_cast<int64_t>(bytes * 2);
        pinned -= static_cast<int64_t>(bytes);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(budgets.used(Tier::kRam), 0u);
  EXPECT_EQ(budgets.used(Tier::kPinned), 0u);
  EXPECT_LE(budgets.peak(Tier::kRam), 100u);
}

TEST(Reserve, IsLentToOneAtATimeAndComesBack) {
  Budgets budgets(Need::ram(100));
  Reserve reserve(budgets, Need::ram(60));
  EXPECT_EQ(budgets.used(Tier::kRam), 60u);
  Credit floor = reserve.take(Need::ram(50));
  EXPECT_TRUE(reserve.lent());
  EXPECT_EQ(budgets.used(Tier::kRam), 60u) << "lent as a whole";
  const Credit rest = reserve.take(Need::ram(40));
  EXPECT_EQ(budgets.used(Tier::kRam), 100u);
  floor.give_back();
  EXPECT_FALSE(reserve.lent());
}

TEST(Reserve, AWaiterTakesTheFloorOrTheRestWhicheverComesFirst) {
  for (const bool floor_first : {true, false}) {
    Budgets budgets(Need::ram(100));
    Reserve reserve(budgets, Need::ram(50));
    Credit floor = reserve.take(Need::ram(50));
    Credit rest = budgets.take(Need::ram(30));
    std::jthread waiter([&] {
      const Credit credit = reserve.take(Need::ram(40));
      EXPECT_EQ(reserve.lent(), true) << "it is lent to the test, or to this thread";
      EXPECT_EQ(budgets.used(Tier::kRam), floor_first ? 80u : 90u);
    });
    wait_until_waiting(budgets, 1);
    (floor_first ? floor : rest).give_back();
    waiter.join();
  }
}

TEST(Reserve, ServesItsWaiterBehindOneThatWaitsForTheRest) {
  Budgets budgets(Need::ram(100));
  Reserve reserve(budgets, Need::ram(20));
  Credit floor = reserve.take(Need::ram(20));
  auto rest = budgets.try_take(Need::ram(50));
  std::jthread large([&] { budgets.take(Need::ram(70)); });
  wait_until_waiting(budgets, 1);
  std::jthread own([&] { reserve.take(Need::ram(20)); });
  wait_until_waiting(budgets, 2);
  floor.give_back();
  own.join();
  EXPECT_EQ(budgets.waiting(), 1u);
  rest.reset();
}

TEST(Reserve, ThatIsNotFreeIsRefusedInsteadOfWaitedFor) {
  Budgets budgets(Need::ram(100));
  const Credit held = budgets.take(Need::ram(50));
  std::string text;
  EXPECT_EQ(code_of([&] { Reserve(budgets, Need::ram(60)); }, &text), Code::kMemory);
  EXPECT_NE(text.find("50 B of ram are free"), std::string::npos) << text;
}

TEST(Reserve, GivesItsFloorToTheRestWhenItAndWhatItLentAreGone) {
  Budgets budgets(Need::ram(100));
  Credit lent;
  {
    Reserve reserve(budgets, Need::ram(60));
    lent = reserve.take(Need::ram(10));
  }
  EXPECT_EQ(budgets.used(Tier::kRam), 60u);
  lent.give_back();
  EXPECT_EQ(budgets.used(Tier::kRam), 0u);
}

// Training fills the budget and stands still, holding all it could get, until its evaluation is done.
TEST(Reserve, LetsAnEvaluationRunWhileItsTrainingHoldsEverything) {
  constexpr uint64_t kBatch = 10;
  Budgets budgets(Need::ram(60));
  Reserve training(budgets, Need::ram(kBatch)), evaluation(budgets, Need::ram(kBatch));
  std::stop_source stop;
  std::atomic<int> prefetched{0};
  std::vector<Credit> queue;  // of the training; its consumer is the evaluation below
  std::jthread prefetch([&] {
    try {
      for (;;) {
        queue.push_back(training.take(Need::ram(kBatch), stop.get_token()));
        ++prefetched;
      }
    } catch (const Error& e) { EXPECT_EQ(e.code(), Code::kCancelled); }
  });
  wait_until_waiting(budgets, 1);
  EXPECT_EQ(prefetched, 5) << "its floor and the whole rest";
  for (int round = 0; round < 3; ++round) {
    std::jthread other([&] {  // two batches of the evaluation in flight, one floor
      for (int i = 0; i < 200; ++i) evaluation.take(Need::ram(kBatch));
    });
    for (int i = 0; i < 200; ++i) evaluation.take(Need::ram(kBatch));
  }
  EXPECT_EQ(prefetched, 5);
  stop.request_stop();
}

TEST(Reserve, TwoRunsThatBothPrefetchAndSometimesStandStillGoOn) {
  Budgets budgets(Need::ram(35));
  Reserve a(budgets, Need::ram(10)), b(budgets, Need::ram(10));
  const auto run = [](Reserve& reserve) {
    std::vector<Credit> held;
    for (int i = 0; i < 3000; ++i) {
      held.clear();  // one in flight may always be had
      held.push_back(reserve.take(Need::ram(static_cast<uint64_t>(i % 10 + 1))));
    }
  };
  std::jthread one(run, std::ref(a)), two(run, std::ref(b)), three(run, std::ref(a)), four(run, std::ref(b));
  one.join();
  two.join();
  three.join();
  four.join();
  EXPECT_EQ(budgets.used(Tier::kRam), 20u);
  EXPECT_LE(budgets.peak(Tier::kRam), 35u);
}

}  // namespace
}  // namespace penstock
