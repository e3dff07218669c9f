#include "engine/run/run.h"

#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "tests/engine/run_world.h"

namespace penstock {
namespace {

using namespace test;

TEST(Run, JoinsAPictureBranchAndATableBranchInOneBatch) {
  const MemorySource source(100);
  auto run = start(forked().bind(source.schema(), test::registry()), source, {.seed = 3, .batch = 10});
  std::map<uint64_t, int> seen;
  while (Batch batch = run.next()) {
    const auto pictures = batch["picture"].as<uint8_t>();
    const auto rows = batch["row"].as<float>();
    const auto joined = batch["joined"].as<float>();
    const auto labels = batch["label"].as<int64_t>();
    for (size_t i = 0; i < batch.size(); ++i) {
      const auto id = static_cast<float>(batch.ids()[i]);
      EXPECT_EQ(joined[2 * i], pictures[16 * i]);
      EXPECT_EQ(rows[3 * i + 1], id + 2.5f);
      EXPECT_EQ(joined[2 * i + 1], id + 6.5f);
      EXPECT_EQ(labels[i], static_cast<int64_t>(batch.ids()[i] % 10) * 2);
      ++seen[batch.ids()[i]];
    }
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Run, PacksRaggedFieldsAndMarksAbsentOnes) {
  const MemorySource source(40);
  auto run = start(forked().bind(source.schema(), test::registry()), source, {.seed = 3, .batch = 8});
  while (Batch batch = run.next()) {
    const Tensor words = batch["words"];
    ASSERT_EQ(words.offsets.size(), batch.size() + 1);
    for (size_t i = 0; i < batch.size(); ++i) {
      const uint64_t id = batch.ids()[i];
      EXPECT_EQ(words.present[i], id % 2 == 0 ? 1 : 0);
      const int64_t rows = words.offsets[i + 1] - words.offsets[i];
      ASSERT_EQ(rows, id % 2 == 0 ? static_cast<int64_t>(8 + id % 5) : 0);
      for (int64_t r = 0; r < rows; ++r)
        EXPECT_EQ(words.as<int32_t>()[static_cast<size_t>(words.offsets[i] + r)], static_cast<int32_t>(id) * 100 + r);
    }
  }
}

TEST(Run, GivesTheSameBytesForAnyThreadsWaitingSourcesAndBudgets) {
  const MemorySource in_memory(1003);
  const MemorySource waiting(1003, true);
  RunOptions options{.seed = 9, .last = Last::kKeep, .batch = 32, .epochs = 2};
  const Seen one = run_all(in_memory, forked(), options, 1);
  EXPECT_EQ(one.ids.size(), 2006u);
  const Seen eight = run_all(waiting, forked(), options, 8);
  EXPECT_EQ(one.ids, eight.ids);
  EXPECT_EQ(one.bytes, eight.bytes);
  options.budgets = std::make_shared<Budgets>(Need::ram(200'000));
  const Seen tight = run_all(waiting, forked(), options, 2);
  EXPECT_EQ(one.bytes, tight.bytes);
}

TEST(Run, GoesOnAtAnyStepWithTheSameBytes) {
  const MemorySource source(230);
  RunOptions options{.seed = 5, .order = Order::kBlock, .batch = 16, .block = 8, .group_blocks = 3, .epochs = 3};
  const Seen whole = run_all(source, forked(), options, 2);
  options.epoch = 1;
  options.step = 9;
  options.epochs = 2;
  const Seen rest = run_all(source, forked(), options, 2);
  ASSERT_LT(rest.bytes.size(), whole.bytes.size());
  EXPECT_EQ(whole.bytes.substr(whole.bytes.size() - rest.bytes.size()), rest.bytes);
  EXPECT_EQ(rest.sizes.size(), 14u * 2 - 9);
}

TEST(Run, GivesABatchToTwoConsumers) {
  const MemorySource source(200, true);
  RunOptions options{.seed = 1, .batch = 10};
  options.consumers = 2;
  auto run = start(forked().bind(source.schema(), test::registry()), source, options);
  Seen other;
  std::thread second([&] { other = drain(run, 1); });
  const Seen first = drain(run, 0);
  second.join();
  EXPECT_EQ(first.ids.size(), 200u);
  EXPECT_EQ(first.bytes, other.bytes);
}

TEST(Run, StopsWithoutNewWorkAndGivesAllMemoryBack) {
  const MemorySource source(100'000, true);
  auto budgets = std::make_shared<Budgets>();
  {
    auto run = start(forked().bind(source.schema(), test::registry()), source,
                     {.batch = 64, .epochs = 1000, .budgets = budgets});
    const Batch kept = run.next();
    run.stop();
    EXPECT_THROW(while (run.next()){}, Error);
  }
  EXPECT_EQ(budgets->used(Tier::kRam), 0u);
}

TEST(Run, ABatchMayOutliveItsRun) {
  const MemorySource source(100);
  Batch kept;
  {
    auto run = start(forked().bind(source.schema(), test::registry()), source, {.batch = 10});
    kept = run.next();
  }
  EXPECT_EQ(kept["label"].as<int64_t>()[0], static_cast<int64_t>(kept.ids()[0] % 10) * 2);
}

TEST(Run, SaysWhatTheLeastBudgetIs) {
  const MemorySource source(100);
  try {
    start(forked().bind(source.schema(), test::registry()), source,
          {.batch = 10, .budgets = std::make_shared<Budgets>(Need::ram(1000))});
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kMemory);
    EXPECT_NE(std::string(error.what()).find("the least"), std::string::npos) << error.what();
  }
}

TEST(Run, TellsAConsumerThatHoldsAllBatchesInsteadOfHanging) {
  const MemorySource source(1000);
  auto run = start(forked().bind(source.schema(), test::registry()), source, {.batch = 10, .batches_in_flight = 2});
  const Batch one = run.next();
  const Batch two = run.next();
  EXPECT_THROW(run.next(), Error);
}

TEST(Run, EvaluationRunsBesideTrainingInOneBudget) {
  const MemorySource source(500, true);
  const Graph graph = forked().bind(source.schema(), test::registry());
  const uint64_t one_batch = BatchLayout::of(graph.output, 10).bytes;
  // Room for the floors of both runs and one batch more: training takes that, and stands still while evaluation runs.
  auto budgets = std::make_shared<Budgets>(Need::ram(3 * one_batch + 30'000));
  auto cores = std::make_shared<Cores>(2);
  RunOptions options{.seed = 1, .batch = 10, .cores = cores, .budgets = budgets};
  auto training = start(graph, source, options);
  auto evaluation = start(graph, source, options);
  size_t records = 0;
  while (Batch batch = training.next()) {
    records += batch.size();
    if (batch.step() == 7)
      while (Batch other = evaluation.next()) records += other.size();
  }
  EXPECT_EQ(records, 1000u);
}

TEST(Run, AFieldThatEndsInAStageTakesNoRoomInTheBatch) {
  const MemorySource source(13, true);
  const Graph graph = GraphSpec{}.add("test.sum").bind(source.schema(), test::registry());
  EXPECT_EQ(graph.output.find("row"), nullptr);
  // Four ranks share a last batch of one record, so three of them get slices without records.
  for (uint32_t rank = 0; rank < 4; ++rank) {
    auto run =
        start(graph, source, {.order = Order::kSequential, .last = Last::kKeep, .batch = 12, .rank = rank, .ranks = 4});
    const Batch first = run.next();
    for (size_t i = 0; i < first.size(); ++i)
      EXPECT_EQ(first["sum"].as<float>()[i], static_cast<float>(first.ids()[i]) + 0.5f);
    EXPECT_EQ(run.next().size(), rank == 0 ? 1u : 0u);
  }
}

TEST(Run, ASecondRunOnAFullBudgetIsRefusedInsteadOfWaiting) {
  const MemorySource source(500, true);
  const Graph graph = forked().bind(source.schema(), test::registry());
  auto budgets = std::make_shared<Budgets>(Need::ram(BatchLayout::of(graph.output, 10).bytes + 10'000));
  auto training = start(graph, source, {.batch = 10, .budgets = budgets});
  EXPECT_THROW(start(graph, source, {.batch = 10, .budgets = budgets}), Error);
}

TEST(Run, RunsThatHoldReserveBeforeAnyOfThemReadsAhead) {
  const MemorySource source(500, true);
  const Graph graph = forked().bind(source.schema(), test::registry());
  auto budgets = std::make_shared<Budgets>(Need::ram(2 * BatchLayout::of(graph.output, 10).bytes + 30'000));
  const RunOptions options{.batch = 10, .budgets = budgets, .hold = true};
  auto one = start(graph, source, options);
  auto other = start(graph, source, options);
  for (int step = 0; step < 50; ++step) {
    EXPECT_EQ(one.next().size(), 10u);
    EXPECT_EQ(other.next().size(), 10u);
  }
  EXPECT_FALSE(one.next());
}

TEST(Run, SharesEachGlobalBatchBetweenRanks) {
  const MemorySource source(96);
  RunOptions options{.seed = 4, .batch = 12};
  const Seen whole = run_all(source, forked(), options, 2);
  std::vector<std::vector<uint64_t>> parts;
  options.ranks = 3;
  for (options.rank = 0; options.rank < 3; ++options.rank) parts.push_back(run_all(source, forked(), options, 2).ids);
  std::vector<uint64_t> together;
  for (size_t step = 0; step < 8; ++step)
    for (const auto& part : parts)
      together.insert(together.end(), part.begin() + step * 4, part.begin() + step * 4 + 4);
  EXPECT_EQ(together, whole.ids);
}

TEST(Run, ReportsWhereTheTimeWent) {
  const MemorySource source(2000, true);
  auto run = start(forked().bind(source.schema(), test::registry()), source, {.batch = 50});
  drain(run);
  const Report report = run.report();
  EXPECT_EQ(report.records, 2000u);
  EXPECT_EQ(report.batches, 40u);
  ASSERT_EQ(report.stages.size(), 7u);
  EXPECT_EQ(report.stages.front().name, "read");
  EXPECT_EQ(report.stages.back().name, "consumer");
  EXPECT_GT(report.stages[1].busy_seconds, 0);
  EXPECT_EQ(report.stages[1].records, 2000u);
  EXPECT_FALSE(report.bottleneck().empty());
}

TEST(Run, AStepPastTheEpochIsRefused) {
  const MemorySource source(100);
  EXPECT_THROW(start(forked().bind(source.schema(), test::registry()), source, {.batch = 10, .step = 11}), Error);
}

}  // namespace
}  // namespace penstock
