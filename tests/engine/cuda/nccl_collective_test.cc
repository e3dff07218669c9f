#include "engine/cuda/nccl_collective.h"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/cuda_machine.h"

namespace penstock {
namespace {

TEST(UnequalGpus, AreNamedOnceEach) {
  EXPECT_EQ(unequal_gpus({"A", "A"}), "");
  EXPECT_EQ(unequal_gpus({}), "");
  const std::string text = unequal_gpus({"NVIDIA H100", "NVIDIA H100", "NVIDIA A100", "NVIDIA H100"});
  EXPECT_NE(text.find("the slowest sets the pace: rank 0 is a NVIDIA H100, rank 2 is a NVIDIA A100"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("rank 1"), std::string::npos);
}

/// With groups of one rank, and of as many as there are GPUs.
class Nccl : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const CudaMachine machine = look_for_cuda();
    if (machine.devices == 0) GTEST_SKIP() << machine.why_none;
    if (GetParam() && machine.devices < 2) GTEST_SKIP() << "one GPU: groups of several need more";
    size_ = GetParam() ? static_cast<uint32_t>(machine.devices) : 1;
  }
  /// Each rank in a thread of its own.
  void in_group(const std::function<void(NcclCollective&)>& work, const NcclOptions& options = {}) {
    const NcclId id = make_nccl_id();
    std::vector<std::thread> threads;
    for (uint32_t r = 0; r < size_; ++r)
      threads.emplace_back([&, r] {
        const auto group = make_nccl_collective(static_cast<int>(r), id, r, size_, options);
        work(*group);
        group->barrier();
      });
    for (std::thread& thread : threads) thread.join();
  }
  uint32_t size_ = 1;
};

TEST_P(Nccl, SumsValuesOnTheHostAndOnTheDevice) {
  in_group([&](NcclCollective& group) {
    EXPECT_EQ(group.size(), size_);
    std::vector<float> values(100001), sums(values.size());
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1000 * (group.rank() + 1));
    for (size_t i = 0; i < values.size(); ++i) sums[i] = static_cast<float>(i % 1000 * (size_ * (size_ + 1) / 2));
    const auto device = make_cuda_device(group.rank(), 1 << 20);
    const auto stream = device->make_stream();
    DeviceBuffer there = device->allocate(values.size() * sizeof(float), "test");
    stream->copy(there.data(), values.data(), there.size());
    stream->synchronize();
    group.all_reduce_sum({reinterpret_cast<float*>(there.data()), values.size()});
    std::vector<float> back(values.size());
    stream->copy(back.data(), there.data(), there.size());
    stream->synchronize();
    EXPECT_EQ(back, sums);
    group.all_reduce_sum(values);
    EXPECT_EQ(values, sums);
  });
}

TEST_P(Nccl, BroadcastsFromEveryRoot) {
  in_group([&](NcclCollective& group) {
    for (uint32_t root = 0; root < group.size(); ++root) {
      std::vector<std::byte> bytes(1001, static_cast<std::byte>(group.rank() + 1));
      group.broadcast(bytes, root);
      EXPECT_EQ(bytes, std::vector<std::byte>(1001, static_cast<std::byte>(root + 1)));
    }
  });
}

TEST_P(Nccl, NamesItsGpus) {
  in_group([&](NcclCollective& group) {
    ASSERT_EQ(group.gpus().size(), size_);
    for (const std::string& name : group.gpus()) EXPECT_FALSE(name.empty());
  });
}

TEST_P(Nccl, AnAbortEndsLaterCalls) {
  const NcclId id = make_nccl_id();
  if (size_ > 1) GTEST_SKIP() << "the group of one shows it";
  const auto group = make_nccl_collective(0, id, 0, 1);
  group->abort("a test says so");
  try {
    group->barrier();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kCancelled);
    EXPECT_NE(std::string(e.what()).find("a test says so"), std::string::npos) << e.what();
  }
}

TEST_P(Nccl, ARankThatDoesNotComeIsATimeout) {
  if (size_ > 1) GTEST_SKIP() << "a group of two with one rank shows it";
  try {
    make_nccl_collective(0, make_nccl_id(), 0, 2, {.timeout_seconds = 1});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kDevice);
    EXPECT_NE(std::string(e.what()).find("making a group of 2 GPUs, rank 0 on cuda:0: not done after 1"),
              std::string::npos)
        << e.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Groups, Nccl, testing::Bool(), [](const auto& info) { return info.param ? "all" : "one"; });

}  // namespace
}  // namespace penstock
