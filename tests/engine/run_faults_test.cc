#include "engine/run/run.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/engine/run_world.h"

namespace penstock {
namespace {

using namespace test;

TEST(RunFaults, ReplacesBadRecordsReproducibly) {
  MemorySource source(300, true);
  source.bad = {5, 17, 123};
  RunOptions options{.seed = 2, .batch = 20};
  options.faults = {.on_fault = OnFault::kReplace, .budget = 100};
  const GraphSpec spec = GraphSpec{}.add("test.paint", {{"refuse_every", 50}});
  const Seen one = run_all(source, spec, options, 1);
  const Seen four = run_all(source, spec, options, 4);
  EXPECT_EQ(one.bytes, four.bytes);
  EXPECT_EQ(one.ids, four.ids);
  EXPECT_EQ(one.ids.size(), 300u);
  for (const uint64_t id : one.ids) EXPECT_TRUE(id % 50 != 0 && !source.bad.contains(id)) << id;
}

TEST(RunFaults, NamesEveryRefusedRecordInOrder) {
  MemorySource source(100);
  source.bad = {5, 17};
  RunOptions options{.seed = 2, .batch = 20};
  options.faults = {.on_fault = OnFault::kReplace, .budget = 2};
  auto run = start(GraphSpec{}.add("test.paint").bind(source.schema(), test::registry()), source, options);
  std::set<uint64_t> refused;
  while (Batch batch = run.next())
    for (const Rejection& rejection : batch.rejections()) {
      refused.insert(rejection.record);
      EXPECT_EQ(rejection.reason, "made bad");
      EXPECT_EQ(rejection.stage, "read");
      EXPECT_TRUE(rejection.replaced);
    }
  EXPECT_EQ(refused, source.bad);
  EXPECT_EQ(run.report().rejected, 2u);
}

TEST(RunFaults, SkipsBadRecordsAndClosesTheGap) {
  MemorySource source(60);
  source.bad = {0, 7, 8, 59};
  RunOptions options{.order = Order::kSequential, .batch = 10};
  options.faults = {.on_fault = OnFault::kSkip, .budget = 4};
  const Seen seen = run_all(source, forked(), options, 2);
  EXPECT_EQ(seen.ids.size(), 56u);
  EXPECT_EQ(seen.sizes, (std::vector<size_t>{7, 10, 10, 10, 10, 9}));
  EXPECT_EQ(seen.ids.front(), 1u);
}

TEST(RunFaults, FailsOnTheFirstBadRecordOfTheOrderWhateverTheThreads) {
  MemorySource source(100, true);
  source.bad = {30, 55, 99};
  for (const unsigned threads : {1u, 4u}) {
    try {
      run_all(source, GraphSpec{}.add("test.paint"), {.order = Order::kSequential, .batch = 10}, threads);
      FAIL() << "must throw";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kData);
      EXPECT_NE(std::string(error.what()).find("record 30 (memory, offset 480)"), std::string::npos) << error.what();
    }
  }
}

TEST(RunFaults, EndsWhenTheFaultBudgetIsUsedUp) {
  MemorySource source(100);
  source.bad = {1, 2, 3};
  RunOptions options{.order = Order::kSequential, .batch = 10};
  options.faults = {.on_fault = OnFault::kReplace, .budget = 2};
  EXPECT_THROW(run_all(source, GraphSpec{}.add("test.paint"), options, 2), Error);
  options.faults.budget = 3;
  EXPECT_EQ(run_all(source, GraphSpec{}.add("test.paint"), options, 2).ids.size(), 100u);
}

TEST(RunFaults, SaysWhichStageAndRecordBroke) {
  const MemorySource source(100);
  try {
    run_all(source, GraphSpec{}.add("test.break", {{"id", 42}}), {.batch = 10}, 2);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("stage 'break' worked on record 42 (memory)"), std::string::npos)
        << error.what();
  }
}

TEST(RunFaults, EndsCleanlyWhileReplacementsAreUnderWay) {
  MemorySource source(4000, true);
  for (uint64_t id = 0; id < 4000; id += 3) source.bad.insert(id);
  for (int i = 0; i < 50; ++i) {
    RunOptions options{.seed = static_cast<uint64_t>(i), .batch = 64, .io_threads = 1};
    options.faults = {.on_fault = OnFault::kReplace, .budget = 100'000};
    auto run = start(GraphSpec{}.add("test.paint", {{"refuse_every", 7}}).bind(source.schema(), test::registry()),
                     source, options);
    if (i % 2 == 0) { EXPECT_TRUE(run.next()); }
  }
}

TEST(RunFaults, ReplacesWithinTheLeastBudgetAndOneReader) {
  MemorySource source(300, true);
  for (uint64_t id = 0; id < 300; id += 4) source.bad.insert(id);
  const Graph graph = GraphSpec{}.add("test.paint").bind(source.schema(), test::registry());
  RunOptions options{.batch = 10,
                     .budgets = std::make_shared<Budgets>(Need::ram(BatchLayout::of(graph.output, 10).bytes + 1000)),
                     .io_threads = 1};
  options.faults = {.on_fault = OnFault::kReplace, .budget = 1000};
  auto run = start(graph, source, options);
  EXPECT_EQ(drain(run).ids.size(), 300u);
}

}  // namespace
}  // namespace penstock
