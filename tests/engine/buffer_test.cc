#include "engine/memory/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "engine/base/error.h"

namespace penstock {
namespace {

TEST(Buffer, IsAlignedAndWritableFromEndToEnd) {
  for (const uint64_t bytes : {0ull, 1ull, 4096ull, 5000ull, 1ull << 20, (9ull << 20) + 5}) {
    Buffer buffer(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % kBufferAlignment, 0u);
    EXPECT_EQ(buffer.bytes().size(), bytes);
    EXPECT_GE(buffer.capacity(), bytes);
    std::memset(buffer.data(), 0x5a, buffer.capacity());
  }
}

TEST(Buffer, MovesItsBytes) {
  Buffer a(10);
  std::byte* data = a.data();
  Buffer b = std::move(a);
  EXPECT_EQ(b.data(), data);
  EXPECT_EQ(a.data(), nullptr);
  a = std::move(b);
  EXPECT_EQ(a.data(), data);
  EXPECT_EQ(a.size(), 10u);
}

TEST(Buffer, SaysThatTheMachineIsOutOfMemory) {
  try {
    Buffer buffer(uint64_t{1} << 60);
    FAIL();
  } catch (const Error& e) { EXPECT_EQ(e.code(), Code::kMemory); }
}

TEST(Buffer, FreesForeignMemoryOnce) {
  int freed = 0;
  std::byte byte{};
  {
    Buffer a(&byte, 1, [&](std::byte* data, uint64_t) { freed += data == &byte; });
    Buffer b = std::move(a);
    EXPECT_EQ(freed, 0);
  }
  EXPECT_EQ(freed, 1);
}

TEST(BufferPool, GivesABlockWithItsCreditToTheNextUser) {
  Budgets budgets(Need::ram(100000));
  BufferPool pool(budgets, 2);
  EXPECT_EQ(pool.reuse(1), nullptr);
  auto buffer = pool.make(5000, budgets.take(Need::ram(5000)));
  const std::byte* data = buffer->data();
  buffer.reset();
  EXPECT_EQ(pool.idle(), 1u);
  EXPECT_EQ(budgets.used(Tier::kRam), 5000u);
  EXPECT_EQ(pool.reuse(8193), nullptr) << "too small";
  buffer = pool.reuse(4000);
  ASSERT_TRUE(buffer);
  EXPECT_EQ(buffer->data(), data);
  EXPECT_EQ(buffer->size(), 4000u);
  EXPECT_EQ(pool.idle(), 0u);
}

TEST(BufferPool, TakesTheSmallestBlockThatIsLargeEnough) {
  Budgets budgets;
  BufferPool pool(budgets, 3);
  auto small = pool.make(4096, {}), large = pool.make(40960, {}), middle = pool.make(8192, {});
  const std::byte* data = middle->data();
  small.reset();
  large.reset();
  middle.reset();
  EXPECT_EQ(pool.reuse(5000)->data(), data);
}

TEST(BufferPool, KeepsNoMoreIdleThanTold) {
  Budgets budgets;
  BufferPool pool(budgets, 1);
  auto a = pool.make(10, budgets.take(Need::ram(10))), b = pool.make(10, budgets.take(Need::ram(10)));
  a.reset();
  b.reset();
  EXPECT_EQ(pool.idle(), 1u);
  EXPECT_EQ(budgets.used(Tier::kRam), 10u);
  EXPECT_TRUE(pool.release_idle());
  EXPECT_FALSE(pool.release_idle());
  EXPECT_EQ(budgets.used(Tier::kRam), 0u);
}

TEST(BufferPool, GivesIdleMemoryToWhoWaits) {
  Budgets budgets(Need::ram(100));
  BufferPool pool(budgets, 4);
  pool.make(60, budgets.take(Need::ram(60)));
  pool.make(40, budgets.take(Need::ram(40)));
  EXPECT_EQ(pool.idle(), 2u);
  const Credit credit = budgets.take(Need::ram(100));
  EXPECT_EQ(pool.idle(), 0u);
}

TEST(BufferPool, KeepsNothingIdleWhileSomebodyWaits) {
  Budgets budgets(Need::ram(100));
  BufferPool pool(budgets, 4);
  auto buffer = pool.make(60, budgets.take(Need::ram(60)));
  std::jthread waiter([&] { budgets.take(Need::ram(80)); });
  while (budgets.waiting() == 0) std::this_thread::yield();
  buffer.reset();
  waiter.join();
  EXPECT_EQ(pool.idle(), 0u);
}

TEST(BufferPool, ABufferOutlivesIt) {
  Budgets budgets;
  auto pool = std::make_unique<BufferPool>(budgets, 4);
  auto buffer = pool->make(10, budgets.take(Need::ram(10)));
  pool.reset();
  buffer->data()[9] = std::byte{1};
  EXPECT_EQ(budgets.used(Tier::kRam), 10u);
  buffer.reset();
  EXPECT_EQ(budgets.used(Tier::kRam), 0u);
}

TEST(BufferPool, LosesNoWakeUpBetweenManyThreads) {
  Budgets budgets(Need::ram(3000));
  BufferPool pool(budgets, 4);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const uint64_t bytes = static_cast<uint64_t>((i + t) % 3 + 1) * 1000;
        auto buffer = pool.reuse(bytes);
        if (!buffer) buffer = pool.make(bytes, budgets.take(Need::ram(bytes)));
        buffer->data()[0] = std::byte{1};
      }
    });
  }
  threads.clear();
  EXPECT_LE(budgets.peak(Tier::kRam), 3000u);
  pool.release_idle();
  EXPECT_EQ(budgets.used(Tier::kRam), 0u);
}

}  // namespace
}  // namespace penstock
