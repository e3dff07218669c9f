// NcclCollective on a made-up NCCL: staging, timeouts, asynchronous errors.
#include <gtest/gtest.h>

#include <thread>

#include "engine/base/error.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/nccl_collective.h"
#include "tests/support/cuda/fake_cuda.h"
#include "tests/support/fake_clock.h"

namespace penstock {
namespace {

using test::fake_cuda;

class FakedNccl : public testing::Test {
 protected:
  void SetUp() override { test::reset_fake_cuda(); }
  void TearDown() override { EXPECT_TRUE(fake_cuda().nothing_alive()) << "something leaked"; }

  void in_group(uint32_t size, const std::function<void(NcclCollective&)>& work) {
    const NcclId id = make_nccl_id();
    std::vector<std::thread> threads;
    for (uint32_t r = 0; r < size; ++r)
      threads.emplace_back([&, r] {
        const auto group = make_nccl_collective(static_cast<int>(r), id, r, size);
        work(*group);
      });
    for (std::thread& thread : threads) thread.join();
  }
  std::unique_ptr<NcclCollective> alone(double timeout_seconds = 600) {
    return make_nccl_collective(0, make_nccl_id(), 0, 1, {.timeout_seconds = timeout_seconds}, clock_);
  }
  std::string text_of(Code code, const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      return e.what();
    }
    ADD_FAILURE() << "no Error was thrown";
    return {};
  }
  test::FakeClock clock_;
};

TEST_F(FakedNccl, AddsValuesOfTheHostAndOfTheDevice) {
  in_group(2, [](NcclCollective& group) {
    std::vector<float> values = {1, 2, 3};
    group.all_reduce_sum(values);
    EXPECT_EQ(values, (std::vector<float>{2, 4, 6}));
    const auto device = make_cuda_device(group.rank(), 1 << 20);
    DeviceBuffer there = device->allocate(8, "test");
    auto* at = reinterpret_cast<float*>(there.data());
    at[0] = 5, at[1] = static_cast<float>(group.rank());
    group.all_reduce_sum({at, 2});
    EXPECT_EQ(at[0], 10);
    EXPECT_EQ(at[1], 1);
    group.all_reduce_sum(std::span<float>());
  });
}

TEST_F(FakedNccl, BroadcastsAndMeets) {
  in_group(2, [](NcclCollective& group) {
    std::vector<std::byte> bytes(100, static_cast<std::byte>(group.rank()));
    group.broadcast(bytes, 1);
    EXPECT_EQ(bytes, std::vector<std::byte>(100, std::byte{1}));
    group.barrier();
  });
}

TEST_F(FakedNccl, NamesUnequalGpus) {
  in_group(2, [](NcclCollective& group) {
    EXPECT_EQ(group.gpus(), (std::vector<std::string>{"Fake A100", "Fake H100"}));
    EXPECT_NE(group.unequal_text().find("rank 0 is a Fake A100, rank 1 is a Fake H100"), std::string::npos);
  });
}

TEST_F(FakedNccl, ARankThatDoesNotComeEndsInATimeout) {
  fake_cuda().nccl_state = ncclInProgress;
  const std::string text =
      text_of(Code::kDevice, [&] { make_nccl_collective(1, make_nccl_id(), 1, 2, {.timeout_seconds = 30}, clock_); });
  EXPECT_NE(text.find("making a group of 2 GPUs, rank 1 on cuda:1: not done after 30.0 s"), std::string::npos) << text;
  EXPECT_NE(text.find("another rank has ended, hangs"), std::string::npos) << text;
  EXPECT_LT(clock_.now_seconds(), 31) << "a group that never was is not left in order";
}

TEST_F(FakedNccl, ACallThatIsNotDoneEndsInATimeoutAndSoDoLaterOnes) {
  const auto group = alone(10);
  fake_cuda().held = true;
  std::vector<float> values(7);
  const std::string first = text_of(Code::kDevice, [&] { group->all_reduce_sum(values); });
  EXPECT_NE(first.find("all_reduce_sum of 7 values, rank 0 on cuda:0 of 1: not done after 10.0 s"), std::string::npos)
      << first;
  fake_cuda().held = false;
  EXPECT_EQ(text_of(Code::kDevice, [&] { group->barrier(); }), first);
}

TEST_F(FakedNccl, AnAsynchronousErrorSaysWhatWasTried) {
  const auto group = alone();
  fake_cuda().nccl_state = ncclRemoteError;
  std::vector<std::byte> bytes(5);
  const std::string text = text_of(Code::kDevice, [&] { group->broadcast(bytes, 0); });
  EXPECT_NE(
      text.find(
          "broadcast of 5 B from rank 0, rank 0 on cuda:0 of 1 failed: remote process exited or there was a network "
          "error: peer 1 is gone"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("NCCL_DEBUG=WARN"), std::string::npos) << text;
}

TEST_F(FakedNccl, AnAbortReleasesACallInProgress) {
  test::FakeClock still(test::FakeClock::Jumps::kNever);
  const auto group = make_nccl_collective(0, make_nccl_id(), 0, 1, {}, still);
  fake_cuda().held = true;
  std::thread other([&] {
    still.wait_for_sleepers(1);
    group->abort("the user said so");
    group->abort("a second time");
    still.advance(1'000'000'000);
  });
  const std::string text = text_of(Code::kCancelled, [&] { group->barrier(); });
  EXPECT_NE(text.find("the lanes were stopped: the user said so"), std::string::npos) << text;
  other.join();
  text_of(Code::kCancelled, [&] { group->barrier(); });
}

}  // namespace
}  // namespace penstock
