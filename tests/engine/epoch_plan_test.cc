#include "engine/order/epoch_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace penstock {
namespace {

constexpr Order kOrders[] = {Order::kSequential, Order::kBlock, Order::kFull};
constexpr Last kLasts[] = {Last::kDrop, Last::kKeep, Last::kWrap};

std::vector<uint64_t> epoch_of(const EpochPlan& plan, uint64_t epoch) {
  std::vector<uint64_t> all(plan.records_in_set());
  plan.records(epoch, 0, all);
  return all;
}

std::string text(const PlanOptions& o) {
  return std::string(name_of(o.order)) + " " + std::string(name_of(o.last)) + " records " + std::to_string(o.records) +
         " batch " + std::to_string(o.batch) + " ranks " + std::to_string(o.ranks) + " block " +
         std::to_string(o.block) + " x " + std::to_string(o.group_blocks);
}

/// What the ranks get together, step by step, in rank order.
std::vector<std::vector<uint64_t>> steps_of(PlanOptions o, uint64_t epoch) {
  std::vector<std::vector<uint64_t>> steps;
  for (o.rank = 0; o.rank < o.ranks; ++o.rank) {
    const EpochPlan plan(o);
    steps.resize(plan.steps_per_epoch());
    for (uint64_t step = 0; step < steps.size(); ++step) {
      const StepSlice slice = plan.batch(epoch, step);
      EXPECT_EQ(slice.first, slice.global_first + steps[step].size()) << text(o);
      std::vector<uint64_t> share(slice.count);
      plan.records(epoch, slice.first, share);
      for (uint64_t i = 0; i < slice.count; ++i) {
        EXPECT_EQ(share[i], plan.record_at(epoch, slice.first + i)) << text(o);
      }
      EXPECT_LE(slice.count, (slice.global_count + o.ranks - 1) / o.ranks) << text(o);
      steps[step].insert(steps[step].end(), share.begin(), share.end());
    }
  }
  return steps;
}

void check_epoch(const PlanOptions& o, uint64_t epoch) {
  const auto steps = steps_of(o, epoch);
  std::vector<uint64_t> seen;
  for (size_t i = 0; i < steps.size(); ++i) {
    const bool last = i + 1 == steps.size();
    if (!last || o.last != Last::kKeep || o.records % o.batch == 0) {
      ASSERT_EQ(steps[i].size(), o.batch) << text(o);
    } else {
      ASSERT_EQ(steps[i].size(), o.records % o.batch) << text(o);
    }
    seen.insert(seen.end(), steps[i].begin(), steps[i].end());
  }
  const size_t whole = o.last == Last::kDrop ? o.records / o.batch * o.batch : o.records;
  ASSERT_GE(seen.size(), whole) << text(o);
  const std::set<uint64_t> distinct(seen.begin(), seen.begin() + static_cast<ptrdiff_t>(whole));
  ASSERT_EQ(distinct.size(), whole) << text(o);
  ASSERT_LT(*distinct.rbegin(), o.records) << text(o);
  for (size_t i = whole; i < seen.size(); ++i) ASSERT_EQ(seen[i], seen[i % o.records]) << text(o);
  ASSERT_LT(seen.size() - whole, o.batch) << text(o);
}

TEST(EpochPlan, GivesEveryRecordOnceAnEpochInEveryCombination) {
  for (const Order order : kOrders) {
    for (const Last last : kLasts) {
      for (const uint64_t records : {1u, 2u, 3u, 7u, 12u, 25u, 64u}) {
        for (const uint64_t batch : {1u, 2u, 3u, 5u, 12u, 30u}) {
          if (last == Last::kDrop && batch > records) continue;
          for (const uint32_t ranks : {1u, 2u, 3u}) {
            if (ranks > batch) continue;
            PlanOptions o{.records = records, .seed = 5, .order = order, .last = last, .batch = batch, .ranks = ranks};
            for (const uint64_t block : {1u, 3u, 4u, 100u}) {
              for (const uint64_t group : {1u, 2u, 5u}) {
                o.block = block;
                o.group_blocks = group;
                check_epoch(o, records % 3);
                if (HasFatalFailure()) return;
                if (order != Order::kBlock) break;
              }
              if (order != Order::kBlock) break;
            }
          }
        }
      }
    }
  }
}

TEST(EpochPlan, GivesTheSameGlobalBatchesToAnyNumberOfRanks) {
  for (const Order order : kOrders) {
    PlanOptions o{.records = 103, .seed = 2, .order = order, .last = Last::kWrap, .batch = 10, .block = 7};
    const auto one = steps_of(o, 4);
    o.ranks = 3;
    EXPECT_EQ(steps_of(o, 4), one);
    o.ranks = 10;
    EXPECT_EQ(steps_of(o, 4), one);
  }
}

TEST(EpochPlan, ShufflesAnewForEachEpochAndSeed) {
  for (const Order order : {Order::kBlock, Order::kFull}) {
    PlanOptions o{.records = 500, .seed = 2, .order = order, .batch = 10, .block = 16, .group_blocks = 4};
    const EpochPlan plan(o);
    EXPECT_EQ(epoch_of(plan, 0), epoch_of(EpochPlan(o), 0));
    EXPECT_NE(epoch_of(plan, 0), epoch_of(plan, 1));
    EXPECT_NE(epoch_of(plan, 0), epoch_of(plan, uint64_t{1} << 32));
    o.seed = 3;
    EXPECT_NE(epoch_of(plan, 0), epoch_of(EpochPlan(o), 0));
  }
}

// These orders are in the bytes of every run ever made: they never change.
TEST(EpochPlan, GivesTheOrdersItAlwaysGave) {
  PlanOptions o{.records = 10, .seed = 1, .order = Order::kFull, .batch = 1, .block = 3, .group_blocks = 2};
  EXPECT_EQ(epoch_of(EpochPlan(o), 0), (std::vector<uint64_t>{2, 7, 3, 1, 0, 4, 5, 8, 6, 9}));
  o.order = Order::kBlock;
  EXPECT_EQ(epoch_of(EpochPlan(o), 0), (std::vector<uint64_t>{6, 5, 3, 7, 8, 4, 2, 1, 0, 9}));
  EXPECT_EQ(EpochPlan(o).replacement(0, 4, 1), 3u);
}

TEST(EpochPlan, SequentialIsTheOrderOfTheSet) {
  const EpochPlan plan({.records = 6, .order = Order::kSequential, .batch = 2});
  EXPECT_EQ(epoch_of(plan, 3), (std::vector<uint64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(EpochPlan, BlockOrderKeepsAGroupInItsBlocks) {
  constexpr uint64_t kBlock = 10, kGroup = 3;
  PlanOptions o{.records = 205, .order = Order::kBlock, .batch = 1, .block = kBlock, .group_blocks = kGroup};
  std::set<uint64_t> places_of_short_block;
  for (uint64_t epoch = 0; epoch < 40; ++epoch) {
    const auto order = epoch_of(EpochPlan(o), epoch);
    // Walk group by group: each must consist of whole blocks.
    std::set<uint64_t> done;
    size_t at = 0;
    for (uint64_t group = 0; at < order.size(); ++group) {
      std::set<uint64_t> blocks;
      size_t size = 0;
      for (size_t i = at; i < order.size() && (blocks.size() < kGroup || blocks.count(order[i] / kBlock)); ++i) {
        blocks.insert(order[i] / kBlock);
        ++size;
      }
      for (const uint64_t block : blocks) {
        EXPECT_TRUE(done.insert(block).second) << "block " << block << " is in two groups";
        if (block == 20) places_of_short_block.insert(group);
      }
      EXPECT_EQ(size, blocks.size() * kBlock - (blocks.count(20) ? 5 : 0));
      std::set<uint64_t> said;
      for (const uint64_t first : EpochPlan(o).group_blocks(epoch, at + size / 2)) said.insert(first / kBlock);
      EXPECT_EQ(said, blocks);
      at += size;
    }
    EXPECT_EQ(done.size(), 21u);
  }
  EXPECT_EQ(places_of_short_block.size(), 7u) << "the short block should come anywhere";
}

TEST(EpochPlan, SeeksAnywhereInAHugeSet) {
  for (const Order order : kOrders) {
    const EpochPlan plan({.records = 100'000'000'007, .seed = 1, .order = order, .batch = 256});
    std::vector<uint64_t> records(256);
    const StepSlice slice = plan.batch(7, plan.steps_per_epoch() - 1);
    plan.records(7, slice.first, records);
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_LT(records[i], 100'000'000'007u);
      EXPECT_EQ(records[i], plan.record_at(7, slice.first + i));
    }
  }
}

TEST(EpochPlan, ReplacesByAllOthersBeforeOneComesAgain) {
  for (const Order order : kOrders) {
    PlanOptions o{.records = 23, .seed = 9, .order = order, .batch = 2, .block = 4, .group_blocks = 2};
    const EpochPlan plan(o);
    for (uint64_t position = 0; position < o.records; ++position) {
      const uint64_t rejected = plan.record_at(1, position);
      std::set<uint64_t> others;
      uint32_t attempt = 1;
      while (others.insert(plan.replacement(1, position, attempt)).second) ++attempt;
      EXPECT_EQ(others.count(rejected), 0u);
      EXPECT_EQ(plan.replacement(1, position, 1), plan.replacement(1, position, 1));
      if (order == Order::kBlock) {
        std::set<uint64_t> group;
        for (const uint64_t r : others) group.insert(r / 4);
        group.insert(rejected / 4);
        EXPECT_LE(group.size(), 2u) << "replacements of another group";
      } else {
        EXPECT_EQ(others.size(), o.records - 1);
      }
    }
  }
}

TEST(EpochPlan, ReplacesFromTheWholeSetWhereAGroupHasOneRecord) {
  const EpochPlan plan({.records = 9, .order = Order::kBlock, .batch = 1, .block = 1, .group_blocks = 1});
  for (uint64_t position = 0; position < 9; ++position) {
    EXPECT_NE(plan.replacement(0, position, 1), plan.record_at(0, position));
  }
}

TEST(EpochPlan, CannotReplaceTheOnlyRecord) {
  const EpochPlan plan({.records = 1, .batch = 1});
  try {
    plan.replacement(0, 0, 1);
    FAIL();
  } catch (const Error& e) { EXPECT_EQ(e.code(), Code::kData); }
}

TEST(EpochPlan, RefusesWhatCannotBePlannedAndSaysWhy) {
  const auto refused = [](PlanOptions o, const std::string& words) {
    try {
      EpochPlan plan(o);
      ADD_FAILURE() << "not refused: " << words;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::kUsage);
      EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
    }
  };
  refused({.records = 0}, "no records");
  refused({.records = 10, .batch = 0}, "batch is 0");
  refused({.records = 10, .last = Last::kDrop, .batch = 11}, "batch 11 is larger than the data set (10 records)");
  refused({.records = 10, .batch = 2, .rank = 2, .ranks = 2}, "rank 2");
  refused({.records = 10, .batch = 2, .ranks = 0}, "0 ranks");
  refused({.records = 10, .batch = 2, .ranks = 3}, "shared by 3 ranks");
  refused({.records = 10, .order = Order::kBlock, .block = 0}, "at least one record");
  refused({.records = 10, .batch = ~uint64_t{0}}, "larger than");
}

TEST(EpochPlan, NamesOrdersAndLastsAsRecipesDo) {
  for (const Order order : kOrders) EXPECT_EQ(order_named(name_of(order)), order);
  for (const Last last : kLasts) EXPECT_EQ(last_named(name_of(last)), last);
  try {
    order_named("random");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("\"sequential\", \"block\", \"full\""), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace penstock
