#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "engine/device/in_process_collective.h"

namespace penstock {
namespace {

void in_ranks(uint32_t size, const std::function<void(Collective&)>& work) {
  InProcessGroup group(size);
  std::vector<std::jthread> threads;
  for (uint32_t r = 0; r < size; ++r) {
    threads.emplace_back([&, rank = group.rank(r)]() { work(*rank); });
  }
}

TEST(InProcessCollective, SumsOverAllRanksInAll) {
  for (const uint32_t size : {1u, 2u, 3u, 5u}) {
    for (const size_t length : {0u, 1u, 4u, 1001u}) {
      in_ranks(size, [&](Collective& c) {
        EXPECT_EQ(c.size(), size);
        for (int round = 1; round <= 20; ++round) {
          std::vector<float> values(length, static_cast<float>(round * static_cast<int>(c.rank() + 1)));
          c.all_reduce_sum(values);
          for (const float v : values)
            ASSERT_EQ(v, static_cast<float>(round) * static_cast<float>(size * (size + 1) / 2));
        }
      });
    }
  }
}

TEST(InProcessCollective, AddsInRankOrderWhateverTheTiming) {
  // Sums of these depend on the order: (1e8 + 1) - 1e8 is 0 in float, 1e8 - 1e8 + 1 is 1.
  const float values[3] = {1e8f, 1.0f, -1e8f};
  for (int round = 0; round < 50; ++round) {
    in_ranks(3, [&](Collective& c) {
      std::vector<float> mine(17, values[c.rank()]);
      c.all_reduce_sum(mine);
      for (const float v : mine) EXPECT_EQ(v, 0.0f);
    });
  }
}

TEST(InProcessCollective, BroadcastsFromAnyRoot) {
  in_ranks(3, [&](Collective& c) {
    for (uint32_t root = 0; root < 3; ++root) {
      std::vector<std::byte> bytes(100, std::byte(c.rank()));
      c.broadcast(bytes, root);
      for (const std::byte b : bytes) ASSERT_EQ(b, std::byte(root));
    }
  });
}

TEST(InProcessCollective, NobodyPassesABarrierBeforeAllAreThere) {
  std::atomic<int> arrived{0};
  in_ranks(4, [&](Collective& c) {
    for (int round = 1; round <= 100; ++round) {
      ++arrived;
      c.barrier();
      EXPECT_GE(arrived, round * 4);
      c.barrier();
    }
  });
}

TEST(InProcessCollective, CallsThatDoNotMatchFailInAllRanks) {
  std::atomic<int> failed{0};
  in_ranks(3, [&](Collective& c) {
    std::vector<float> values(c.rank() == 2 ? 3 : 4);
    try {
      c.all_reduce_sum(values);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::kInternal);
      EXPECT_NE(std::string(e.what()).find("rank 2 all_reduce_sum(12 bytes"), std::string::npos) << e.what();
      ++failed;
    }
  });
  EXPECT_EQ(failed, 3);
}

TEST(InProcessCollective, AbortReleasesWhoWaitsAndFailsWhoComes) {
  InProcessGroup group(3);
  auto a = group.rank(0), b = group.rank(1);
  std::atomic<int> cancelled{0};
  const auto call = [&](Collective& c) {
    try {
      c.barrier();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::kCancelled);
      EXPECT_NE(std::string(e.what()).find("lane 2 ran out of memory"), std::string::npos);
      ++cancelled;
    }
  };
  std::jthread waiter([&] { call(*a); });
  group.abort("lane 2 ran out of memory");
  waiter.join();
  call(*b);
  EXPECT_EQ(cancelled, 2);
}

TEST(InProcessCollective, AbortInTheMiddleOfSumsHarmsNobodysMemory) {
  for (int round = 0; round < 100; ++round) {
    InProcessGroup group(3);
    std::atomic<int> sums{0};
    std::vector<std::jthread> threads;
    for (uint32_t r = 0; r < 3; ++r) {
      threads.emplace_back([&, rank = group.rank(r)] {
        try {
          for (;;) {
            std::vector<float> values(1000, 1.0f);  // freed as soon as the call is over
            rank->all_reduce_sum(values);
            for (const float v : values) ASSERT_EQ(v, 3.0f);
            ++sums;
          }
        } catch (const Error& e) { EXPECT_EQ(e.code(), Code::kCancelled); }
      });
    }
    while (sums < 10) std::this_thread::yield();
    group.abort("test");
    threads.clear();
    EXPECT_EQ(sums % 3, 0) << "a sum is done in all ranks or in none";
  }
}

}  // namespace
}  // namespace penstock
