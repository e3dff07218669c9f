#include "engine/device/device.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "engine/base/error.h"
#include "engine/device/cpu_device.h"
#include "engine/device/sim_device.h"
#include "tests/support/fake_clock.h"

namespace penstock {
namespace {

using test::FakeClock;

std::string device_error(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kDevice);
    return e.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

// What every device promises; CUDA will have to pass it as well.
class AnyDevice : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Device> make(uint64_t memory_bytes = 0) {
    if (GetParam() == "cpu") return make_cpu_device(memory_bytes, clock_);
    return make_sim_device({.memory_bytes = memory_bytes, .launch_ns = 1000}, clock_);
  }
  FakeClock clock_;
};

TEST_P(AnyDevice, CopiesThereAndBackInOrder) {
  const auto device = make();
  const auto stream = device->make_stream();
  std::vector<uint32_t> in(100000), out(in.size());
  std::iota(in.begin(), in.end(), 1u);
  const uint64_t bytes = in.size() * sizeof(uint32_t);
  DeviceBuffer there = device->allocate(bytes);
  stream->copy(there.data(), in.data(), bytes);
  stream->launch([&] {
    auto* values = reinterpret_cast<uint32_t*>(there.data());
    for (size_t i = 0; i < in.size(); ++i) values[i] *= 2;
  });
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
  auto a = std::make_unique<DeviceBuffer>(device->allocate(600));
  try {
    device->allocate(600);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kMemory);
    EXPECT_NE(e.message().find(std::string(device->name()) + " is out of memory: 600 B wanted, 600 B of 1000 B"),
              std::string::npos)
        << e.what();
  }
  a.reset();
  DeviceBuffer b = device->allocate(1000);
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

INSTANTIATE_TEST_SUITE_P(Kinds, AnyDevice, testing::Values("cpu", "sim"), [](const auto& info) { return info.param; });

// Figures of the timeline: queued at time 0, nothing real counts.
struct Sim {
  FakeClock clock;
  std::unique_ptr<Device> device =
      make_sim_device({.copy_bytes_per_second = 1e6, .launch_ns = 20'000'000, .count_real_work = false}, clock);
  std::unique_ptr<Stream> copies = device->make_stream(), kernels = device->make_stream();
  std::vector<std::byte> from = std::vector<std::byte>(5000), to = from;
};

TEST(SimDevice, TakesTheTimeThatItsBandwidthAndStepsSay) {
  Sim sim;
  {
    const FakeClock::Running running(sim.clock);
    sim.copies->copy(sim.to.data(), sim.from.data(), 5000);
    sim.copies->launch([] {});
    const FakeClock::Idle idle(sim.clock);
    sim.copies->synchronize();
  }
  EXPECT_EQ(sim.clock.now_ns(), 25'000'000);
  EXPECT_EQ(sim.copies->busy_ns(), 25'000'000);
}

TEST(SimDevice, OverlapsItsStreamsAndMeasuresUtilisation) {
  Sim sim;
  {
    const FakeClock::Running running(sim.clock);
    for (int batch = 0; batch < 10; ++batch) {
      Event uploaded;
      sim.copies->copy(sim.to.data(), sim.from.data(), 5000);
      sim.copies->record(uploaded);
      sim.kernels->wait(uploaded);
      sim.kernels->launch([] {});
    }
    const FakeClock::Idle idle(sim.clock);
    sim.kernels->synchronize();
  }
  EXPECT_EQ(sim.clock.now_ns(), 205'000'000) << "one copy, then ten steps without a gap";
  EXPECT_EQ(sim.kernels->busy_ns(), 200'000'000);
  EXPECT_EQ(sim.copies->busy_ns(), 50'000'000);
}

TEST(SimDevice, CannotBeginBeforeItIsAsked) {
  Sim sim;
  {
    const FakeClock::Running running(sim.clock);
    sim.kernels->launch([] {});
    sim.clock.sleep_until_ns(30'000'000);
    sim.kernels->launch([] {});
    const FakeClock::Idle idle(sim.clock);
    sim.kernels->synchronize();
  }
  EXPECT_EQ(sim.clock.now_ns(), 50'000'000);
  EXPECT_EQ(sim.kernels->busy_ns(), 40'000'000);
}

TEST(SimDevice, IsAsynchronous) {
  Sim sim;
  const FakeClock::Running running(sim.clock);
  Event event;
  sim.kernels->launch([] {});
  sim.kernels->record(event);
  sim.clock.wait_for_sleepers(1);
  EXPECT_FALSE(event.query());
  EXPECT_EQ(sim.clock.now_ns(), 0);
  const FakeClock::Idle idle(sim.clock);
  event.synchronize();
  EXPECT_TRUE(event.query());
}

}  // namespace
}  // namespace penstock
