#include "engine/device/device.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "engine/device/cpu_device.h"
#include "engine/device/sim_device.h"
#include "tests/engine/any_device.h"
#include "tests/support/fake_clock.h"

namespace penstock {
namespace {

using test::FakeClock;

const DeviceKind kCpu{.name = "cpu",
                      .make = [](uint64_t bytes, Clock& clock) { return make_cpu_device(bytes, clock); },
                      .twice = twice_on_host};
const DeviceKind kSim{
    .name = "sim",
    .make = [](uint64_t bytes,
               Clock& clock) { return make_sim_device({.memory_bytes = bytes, .launch_ns = 1000}, clock); },
    .twice = twice_on_host};

INSTANTIATE_TEST_SUITE_P(Kinds, AnyDevice, testing::Values(kCpu, kSim),
                         [](const auto& info) { return info.param.name; });

TEST(DeviceMemory, NamesTheLargestHoldersOnceItIsFull) {
  const auto device = make_cpu_device(1000);
  const auto cache = device->allocate(500, "image cache"), a = device->allocate(100, "batch");
  { const auto gone = device->allocate(200, "gone"); }
  const auto b = device->allocate(150, "batch"), labels = device->allocate(30, "labels"),
             small = device->allocate(20, "mask");
  try {
    device->allocate(300, "weights");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(
        e.message().find("300 B wanted for weights, 800 B of 1000 B in use; the largest: image cache 500 B, batch "
                         "250 B, labels 30 B"),
        std::string::npos)
        << e.what();
    EXPECT_EQ(e.message().find("mask"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("cpu,memory="), std::string::npos) << e.what();
  }
}

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
