// Host memory of a device outlives the Run that used it.
#include "engine/device/host_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/device/sim_device.h"

namespace penstock {
namespace {

/// A device that counts its host buffers.
class Counting final : public Device {
 public:
  std::string_view name() const override { return device_->name(); }
  Tier tier() const override { return device_->tier(); }
  uint64_t memory_limit() const override { return device_->memory_limit(); }
  Budgets& budgets() override { return device_->budgets(); }
  using Device::allocate;
  DeviceBuffer allocate(uint64_t bytes, Credit credit) override { return device_->allocate(bytes, std::move(credit)); }
  std::unique_ptr<Stream> make_stream() override { return device_->make_stream(); }
  Buffer make_host_buffer(uint64_t bytes) override {
    ++made;
    ++alive;
    auto* data = new std::byte[bytes];
    return {data, bytes, [this](std::byte* at, uint64_t) {
              --alive;
              delete[] at;
            }};
  }
  int made = 0, alive = 0;

 private:
  std::unique_ptr<Device> device_ = make_sim_device();
};

TEST(HostBlocks, ARunGetsTheBlocksOfTheOneBefore) {
  Counting device;
  const auto blocks = std::make_shared<HostBlocks>(device);
  Budgets budgets;
  const std::byte* first = nullptr;
  for (int run = 0; run < 3; ++run) {
    BufferPool pool(budgets, 4, [blocks](uint64_t bytes) { return blocks->make(bytes); });
    const auto a = pool.make(1000, {}), b = pool.make(1000, {});
    EXPECT_EQ(b->size(), 1000u);
    if (run == 0) first = std::min(a->data(), b->data());
    EXPECT_EQ(std::min(a->data(), b->data()), first);
  }
  EXPECT_EQ(device.made, 2);
  EXPECT_EQ(blocks->kept(), 2u);
}

TEST(HostBlocks, WhatDoesNotFitIsLetGoBeforeMoreIsMade) {
  Counting device;
  const auto blocks = std::make_shared<HostBlocks>(device);
  { const Buffer a = blocks->make(1000), b = blocks->make(1000); }
  {
    const Buffer larger = blocks->make(1001);
    EXPECT_EQ(device.alive, 1);
  }
  { const Buffer much_smaller = blocks->make(10); }
  EXPECT_EQ(device.made, 4);
  EXPECT_EQ(device.alive, 1);
  const Buffer again = blocks->make(10);
  EXPECT_EQ(device.made, 4);
  const Buffer smaller = blocks->make(9);
  EXPECT_EQ(device.made, 5) << "a larger block would be more than its credit";
}

TEST(HostBlocks, ABlockMayOutliveThem) {
  Counting device;
  auto blocks = std::make_shared<HostBlocks>(device);
  {
    const Buffer block = blocks->make(100);
    blocks.reset();
    EXPECT_EQ(device.alive, 1);
  }
  EXPECT_EQ(device.alive, 0);
}

}  // namespace
}  // namespace penstock
