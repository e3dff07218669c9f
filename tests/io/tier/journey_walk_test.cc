#include "io/tier/journey_walk.h"

#include <gtest/gtest.h>

#include <time.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "engine/order/epoch_plan.h"
#include "tests/support/memory_source.h"

namespace penstock::io {
namespace {

/// Stored back to front.
class Reversed final : public Source {
 public:
  explicit Reversed(uint64_t size) : size_(size) {}
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return size_; }
  uint64_t fingerprint() const override { return 1; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  void read(std::span<const uint64_t>, Intake&) const override {}
  Location locate(uint64_t) const override { return {}; }
  void ids_at(std::span<uint64_t> places) const override {
    for (uint64_t& place : places) place = size_ - 1 - place;
  }

 private:
  uint64_t size_;
  Schema schema_;
};

// What a run would ask for, batch by batch.
std::vector<Stop> by_batches(const EpochPlan& plan, const Journey& journey, const Source& source) {
  std::vector<Stop> out;
  for (uint64_t k = 0; k < journey.batches; ++k) {
    const uint64_t at = journey.step + k;
    const StepSlice share = plan.batch(journey.epoch + at / plan.steps_per_epoch(), at % plan.steps_per_epoch());
    std::vector<uint64_t> places(share.count);
    plan.records(share.epoch, share.first, places);
    std::vector<uint64_t> ids = places;
    if (plan.options().order != Order::kFull) source.ids_at(ids);
    for (uint64_t i = 0; i < share.count; ++i) out.push_back({share.epoch, share.first + i, places[i], ids[i]});
  }
  return out;
}

TEST(JourneyWalk, GoesTheWayOfTheBatchesFromAnyStepForAnyRank) {
  const Reversed source(103);
  for (const Order order : {Order::kSequential, Order::kBlock, Order::kFull}) {
    for (const Last last : {Last::kDrop, Last::kKeep, Last::kWrap}) {
      for (const uint32_t ranks : {1u, 3u}) {
        const EpochPlan plan({.records = 103,
                              .seed = 4,
                              .order = order,
                              .last = last,
                              .batch = 10,
                              .rank = ranks - 1,
                              .ranks = ranks,
                              .block = 7,
                              .group_blocks = 3});
        for (const uint64_t step : {0u, 4u, 10u}) {
          const Journey journey{
              .plan = &plan, .epoch = 2, .step = std::min(step, plan.steps_per_epoch()), .batches = 25};
          const std::vector<Stop> expected = by_batches(plan, journey, source);
          const JourneyWalk walk(journey, source);
          ASSERT_EQ(walk.size(), expected.size());
          const std::vector<Stop> all = walk.stops(0, walk.size());
          for (uint64_t i = 0; i < all.size(); ++i) {
            ASSERT_EQ(all[i].epoch, expected[i].epoch) << i;
            ASSERT_EQ(all[i].position, expected[i].position) << i;
            ASSERT_EQ(all[i].place, expected[i].place) << i;
            ASSERT_EQ(all[i].id, expected[i].id) << i;
            ASSERT_EQ(walk.ordinal(all[i].epoch, all[i].position), i);
          }
          const std::vector<Stop> part = walk.stops(11, 37);
          for (uint64_t i = 0; i < part.size(); ++i) ASSERT_EQ(part[i].id, all[11 + i].id);
        }
      }
    }
  }
}

TEST(JourneyWalk, EndsAGroupWhereTheNextBlocksBeginAndAtTheEndOfAnEpoch) {
  constexpr uint64_t kBlock = 8, kBlocks = 3;
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {  // the shorter block stands elsewhere in each
    const Reversed source(100);
    const EpochPlan plan({.records = 100,
                          .seed = seed,
                          .order = Order::kBlock,
                          .last = Last::kKeep,
                          .batch = 9,
                          .block = kBlock,
                          .group_blocks = kBlocks});
    const JourneyWalk walk({.plan = &plan, .batches = 24}, source);
    uint64_t groups = 0, epoch_ends = 0;
    for (uint64_t at = 0; at < walk.size(); ++groups) {
      const uint64_t end = walk.group_end(at);
      std::set<uint64_t> blocks;
      uint64_t wanted = 0;
      for (const Stop& stop : walk.stops(at, end)) blocks.insert(stop.place / kBlock);
      for (const uint64_t block : blocks) wanted += std::min(kBlock, 100 - block * kBlock);
      EXPECT_LE(blocks.size(), kBlocks);
      EXPECT_EQ(end - at, wanted) << "whole blocks and nothing else, seed " << seed;
      EXPECT_EQ(walk.group_end(end - 1), end);
      epoch_ends += end % 100 == 0;
      at = end;
    }
    EXPECT_EQ(groups, 10u);
    EXPECT_EQ(epoch_ends, 2u);
  }
}

TEST(JourneyWalk, SeeksAnyPlaceOfTenBillionRecordsInMicroseconds) {
  constexpr uint64_t kRecords = 10'000'000'000;
  const Reversed source(kRecords);
  for (const Order order : {Order::kSequential, Order::kBlock, Order::kFull}) {
    const EpochPlan plan(
        {.records = kRecords, .seed = 3, .order = order, .batch = 256, .block = 681, .group_blocks = 8});
    // 300 epochs from the middle of one: the walk itself is a few numbers, whatever it covers.
    const JourneyWalk walk({.plan = &plan, .epoch = 7, .step = 12'345'678, .batches = 300 * plan.steps_per_epoch()},
                           source);
    EXPECT_GT(walk.size(), 290 * kRecords);
    constexpr int kSeeks = 2000;
    timespec begin = {}, end = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    uint64_t at = 1;
    for (int i = 0; i < kSeeks; ++i) {
      at = (at * 6364136223846793005u + 1442695040888963407u) % (walk.size() - 1);
      const Stop stop = walk.stops(at, at + 1).front();
      ASSERT_LT(stop.id, kRecords);
      ASSERT_EQ(walk.ordinal(stop.epoch, stop.position), at);
      ASSERT_GT(walk.group_end(at), at);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    const double seconds =
        static_cast<double>(end.tv_sec - begin.tv_sec) + static_cast<double>(end.tv_nsec - begin.tv_nsec) * 1e-9;
    RecordProperty(std::string("us_a_seek_").append(name_of(order)), std::to_string(seconds / kSeeks * 1e6));
    EXPECT_LT(seconds / kSeeks, 100e-6) << name_of(order);
  }
}

TEST(JourneyWalk, KnowsNoOrdinalOfWhatItDoesNotComeBy) {
  const Reversed source(100);
  const EpochPlan plan({.records = 100, .batch = 10});
  const JourneyWalk walk({.plan = &plan, .epoch = 1, .step = 5, .batches = 3}, source);
  EXPECT_EQ(walk.ordinal(1, 50), 0u);
  EXPECT_EQ(walk.ordinal(1, 49), std::nullopt);
  EXPECT_EQ(walk.ordinal(1, 80), std::nullopt);
  EXPECT_EQ(walk.ordinal(0, 55), std::nullopt);
  EXPECT_EQ(walk.ordinal(2, 50), std::nullopt);
}

}  // namespace
}  // namespace penstock::io
