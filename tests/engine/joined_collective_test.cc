// Lanes of several processes, which are groups of threads here.
#include "engine/device/joined_collective.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "engine/device/in_process_collective.h"

namespace penstock {
namespace {

constexpr uint32_t kProcesses = 2;

void in_all(uint32_t lanes, const std::function<void(Collective&)>& work) {
  InProcessGroup beyond(kProcesses);
  std::vector<std::unique_ptr<InProcessGroup>> here;
  std::vector<std::jthread> threads;
  for (uint32_t process = 0; process < kProcesses; ++process) {
    here.push_back(std::make_unique<InProcessGroup>(lanes));
    for (uint32_t lane = 0; lane < lanes; ++lane) {
      threads.emplace_back(
          [&work, all = join_collectives(here.back()->rank(lane), lane == 0 ? beyond.rank(process) : nullptr, process,
                                         kProcesses)] { work(*all); });
    }
  }
}

TEST(JoinedCollective, SumsOverAllLanesOfAllProcesses) {
  for (const uint32_t lanes : {1u, 2u, 3u}) {
    in_all(lanes, [&](Collective& c) {
      const uint32_t size = kProcesses * lanes;
      ASSERT_EQ(c.size(), size);
      ASSERT_LT(c.rank(), size);
      for (int round = 1; round <= 20; ++round) {
        std::vector<float> values(1001, static_cast<float>(round * static_cast<int>(c.rank() + 1)));
        c.all_reduce_sum(std::span(values));
        for (const float v : values)
          ASSERT_EQ(v, static_cast<float>(round) * static_cast<float>(size * (size + 1) / 2));
        std::vector<double> one = {1e-17, 1};
        c.all_reduce_sum(std::span(one));
        EXPECT_EQ(one[1], size);
      }
    });
  }
}

// 1 + (1e8 - 1e8) is 1 in float, (1 + 1e8) - 1e8 is 0: lanes of a process first, then the processes. All get the same bits.
TEST(JoinedCollective, AddsWithinEachProcessFirst) {
  const float values[4] = {1.0f, 0.0f, 1e8f, -1e8f};
  for (int round = 0; round < 50; ++round) {
    in_all(2, [&](Collective& c) {
      std::vector<float> mine(17, values[c.rank()]);
      c.all_reduce_sum(std::span(mine));
      for (const float v : mine) EXPECT_EQ(v, 1.0f);
    });
  }
}

TEST(JoinedCollective, BroadcastsFromEachLaneOfEachProcess) {
  in_all(3, [&](Collective& c) {
    for (uint32_t root = 0; root < c.size(); ++root) {
      std::vector<std::byte> bytes(100, std::byte(c.rank()));
      c.broadcast(bytes, root);
      EXPECT_EQ(std::ranges::count(bytes, std::byte(root)), 100) << "rank " << c.rank() << ", root " << root;
    }
  });
}

TEST(JoinedCollective, NobodyPassesABarrierBeforeAllAreThere) {
  std::atomic<int> arrived{0};
  in_all(2, [&](Collective& c) {
    for (int round = 1; round <= 100; ++round) {
      ++arrived;
      c.barrier();
      EXPECT_GE(arrived, round * 4);
      c.barrier();
    }
  });
}

}  // namespace
}  // namespace penstock
