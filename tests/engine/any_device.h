// What every kind of device promises: the tests AnyDevice, for each kind that a test program instantiates them with.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/device/device.h"
#include "engine/device/sim_device.h"
#include "tests/support/fake_clock.h"

namespace penstock {

inline std::string device_error(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kDevice);
    return e.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

/// One kind of device under test.
struct DeviceKind {
  std::string name;
  /// With a budget of `memory_bytes` (0: any).
  std::function<std::unique_ptr<Device>(uint64_t memory_bytes, Clock& clock)> make;
  /// Doubles `count` values in the device's memory, on `stream`.
  std::function<void(Stream& stream, uint32_t* values, size_t count)> twice;
  /// Why it cannot be tested here; empty where it can.
  std::function<std::string()> why_not = [] { return std::string(); };
};

inline void PrintTo(const DeviceKind& kind, std::ostream* to) { *to << kind.name; }

inline void twice_on_host(Stream& stream, uint32_t* values, size_t count) {
  stream.launch([=] {
    for (size_t i = 0; i < count; ++i) values[i] *= 2;
  });
}

// What every device promises.
class AnyDevice : public testing::TestWithParam<DeviceKind> {
 protected:
  void SetUp() override {
    if (const std::string why = GetParam().why_not(); !why.empty()) GTEST_SKIP() << why;
  }
  std::unique_ptr<Device> make(uint64_t memory_bytes = 0) { return GetParam().make(memory_bytes, clock_); }
  test::FakeClock clock_;
};

TEST_P(AnyDevice, CopiesThereAndBackInOrder) {
  const auto device = make();
  const auto stream = device->make_stream();
  std::vector<uint32_t> in(100000), out(in.size());
  std::iota(in.begin(), in.end(), 1u);
  const uint64_t bytes = in.size() * sizeof(uint32_t);
  DeviceBuffer there = device->allocate(bytes, "test");
  stream->copy(there.data(), in.data(), bytes);
  GetParam().twice(*stream, reinterpret_cast<uint32_t*>(there.data()), in.size());
  stream->copy(out.data(), there.data(), bytes);
  stream->synchronize();
  for (size_t i = 0; i < in.size(); ++i) ASSERT_EQ(out[i], in[i] * 2);
}

TEST_P(AnyDevice, AFreshEventIsDone) {
  const auto device = make();
  const auto stream = device->make_stream();
  const Event event;
  EXPECT_TRUE(event.query());
  event.synchronize();
  stream->wait(event);
  stream->synchronize();
}

TEST_P(AnyDevice, AnEventOrdersTwoStreams) {
  const auto device = make();
  const auto producer = device->make_stream(), consumer = device->make_stream();
  for (int i = 0; i < 50; ++i) {
    int value = 0, seen = 0;
    Event made;
    producer->launch([&] { value = 7; });
    producer->record(made);
    consumer->wait(made);
    consumer->launch([&] { seen = value; });
    Event used;
    consumer->record(used);
    used.synchronize();
    EXPECT_TRUE(made.query());
    EXPECT_EQ(seen, 7);
  }
}

TEST_P(AnyDevice, HasItsOwnMemoryLimit) {
  const auto device = make(1000);
  EXPECT_EQ(device->memory_limit(), 1000u);
  auto a = std::make_unique<DeviceBuffer>(device->allocate(600, "weights"));
  try {
    device->allocate(600, "a batch");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kMemory);
    EXPECT_NE(e.message().find(
                  std::string(device->name()) +
                  " is out of memory: 600 B wanted for a batch, 600 B of 1000 B in use; the largest: weights 600 B"),
              std::string::npos)
        << e.what();
  }
  a.reset();
  DeviceBuffer b = device->allocate(1000, "test");
  EXPECT_EQ(b.size(), 1000u);
  EXPECT_EQ(device->budgets().used(device->tier()), 1000u);
  b = DeviceBuffer();
  DeviceBuffer c = device->allocate(10, device->budgets().take(Need::of(device->tier(), 10)));
  EXPECT_EQ(device->budgets().used(device->tier()), 10u);
}

TEST_P(AnyDevice, AFailureStaysAndSkipsWhatFollows) {
  const auto device = make();
  const auto stream = device->make_stream(), other = device->make_stream();
  std::atomic<int> ran{0};
  Event before, after;
  stream->launch([&] { ++ran; });
  stream->record(before);
  stream->launch([] { throw std::runtime_error("the kernel divided by zero"); });
  stream->launch([&] { ++ran; });
  stream->record(after);
  other->wait(after);
  other->launch([&] { ++ran; });
  before.synchronize();
  for (int again = 0; again < 2; ++again) {
    const std::string text = device_error([&] { stream->synchronize(); });
    EXPECT_NE(text.find("the kernel divided by zero"), std::string::npos) << text;
    EXPECT_NE(text.find(device->name()), std::string::npos) << text;
  }
  device_error([&] { after.synchronize(); });
  device_error([&] { after.query(); });
  device_error([&] { other->synchronize(); });
  EXPECT_EQ(ran, 1);
}

TEST_P(AnyDevice, DestructionFinishesWhatWasQueued) {
  const auto device = make();
  std::atomic<int> ran{0};
  {
    const auto stream = device->make_stream();
    for (int i = 0; i < 100; ++i) stream->launch([&] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

TEST_P(AnyDevice, WaitsForAnEventOfAnotherDevice) {
  const auto device = make();
  const auto foreign = make_sim_device({.index = 9, .launch_ns = 50}, clock_);
  const auto stream = device->make_stream(), far = foreign->make_stream();
  int value = 0, seen = 0;
  Event event;
  far->launch([&] { value = 3; });
  far->record(event);
  stream->wait(event);
  stream->launch([&] { seen = value; });
  stream->synchronize();
  EXPECT_EQ(seen, 3);
}

}  // namespace penstock
