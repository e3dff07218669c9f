// CudaDevice and its streams on a made-up machine: bookkeeping and errors, without a GPU.
#include <gtest/gtest.h>

#include "engine/cuda/cuda_check.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/cuda_machine.h"
#include "tests/engine/any_device.h"
#include "tests/support/cuda/fake_cuda.h"

namespace penstock {
namespace {

using test::fake_cuda;

const DeviceKind kFaked{.name = "cuda",
                        .make =
                            [](uint64_t bytes, Clock&) {
                              test::reset_fake_cuda();
                              return make_cuda_device(1, bytes);  // not the one that is current
                            },
                        .twice = twice_on_host};
INSTANTIATE_TEST_SUITE_P(Faked, AnyDevice, testing::Values(kFaked), [](const auto& info) { return info.param.name; });

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

void expect_words(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    EXPECT_NE(text.find(word), std::string::npos) << "no '" << word << "' in: " << text;
}

class FakedCuda : public testing::Test {
 protected:
  void SetUp() override { test::reset_fake_cuda(); }
  void TearDown() override { EXPECT_TRUE(fake_cuda().nothing_alive()) << "something leaked"; }
};

TEST_F(FakedCuda, OutOfMemoryNamesBudgetHoldersAndWhatIsFree) {
  const auto device = make_cuda_device(1, 512 << 20);
  const DeviceBuffer cache = device->allocate(300 << 20, "image cache"), batch = device->allocate(100 << 20, "batch");
  expect_words(
      text_of(Code::kMemory, [&] { device->allocate(200 << 20, "weights"); }),
      {"cuda:1 is out of memory: 200 MiB wanted for weights, 400 MiB of 512 MiB in use; the largest: image cache 300 "
       "MiB, batch 100 MiB",
       "smaller batch", "cuda:1,memory="});
  fake_cuda().memory_bytes = 450 << 20;  // somebody else took the rest
  expect_words(
      text_of(Code::kMemory, [&] { device->allocate(100 << 20, "weights"); }),
      {"cudaMalloc of 100 MiB on cuda:1 failed: out of memory (cudaErrorMemoryAllocation); 50.0 MiB of its 450 MiB are "
       "free; of the budget 500 MiB of 512 MiB in use; the largest: image cache 300 MiB",
       "nvidia-smi"});
  EXPECT_EQ(device->budgets().used(Tier::kGpu), 400u << 20) << "the credit came back";
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "the next call must not see it";
}

TEST_F(FakedCuda, PinnedMemoryThatIsRefusedSaysWhatToDo) {
  const auto device = make_cuda_device(0);
  { const Buffer pinned = device->make_host_buffer(4096); }
  fake_cuda().fails["cudaHostAlloc"] = cudaErrorMemoryAllocation;
  expect_words(text_of(Code::kMemory, [&] { device->make_host_buffer(64 << 20); }),
               {"cudaHostAlloc of 64.0 MiB for cuda:0 failed: out of memory", "fewer batches ahead"});
}

TEST_F(FakedCuda, TheBudgetIsMostOfWhatIsFreeUnlessItIsSaid) {
  EXPECT_EQ(make_cuda_device(0)->memory_limit(), fake_cuda().memory_bytes / 10 * 9);
  EXPECT_EQ(open_device("cuda:1,memory=20MiB")->memory_limit(), 20u << 20);
  expect_words(text_of(Code::kMemory, [] { open_device("cuda:1,memory=2GiB"); }),
               {"cannot open 'cuda:1' with a budget of 2.00 GiB: the GPU has 1.00 GiB", "give it less"});
}

TEST_F(FakedCuda, AnIndexThatIsNotThereNamesThoseThatAre) {
  expect_words(text_of(Code::kDevice, [] { open_device("cuda:7"); }),
               {"cannot open 'cuda:7': this machine has 2 GPUs, cuda:0 to cuda:1",
                "devices of this machine: cpu, sim:0, cuda:0, cuda:1"});
  fake_cuda().names = {"Only"};
  expect_words(text_of(Code::kDevice, [] { open_device("cuda:1"); }), {"this machine has 1 GPU, cuda:0"});
}

TEST_F(FakedCuda, AMachineWithoutADriverOrWithAnOldOneSaysSo) {
  fake_cuda().count_status = cudaErrorInsufficientDriver;
  fake_cuda().driver = 12040;
  ASSERT_EQ(missing_devices().size(), 1u);
  expect_words(missing_devices()[0],
               {"cuda: the driver is too old: it serves CUDA 12.4, this program needs 13.0 (driver 580"});
  EXPECT_TRUE(list_cuda().empty());
  expect_words(text_of(Code::kDevice, [] { open_device("cuda:0"); }), {"cannot open 'cuda:0': the driver is too old"});
  fake_cuda().driver = 0;
  expect_words(missing_devices()[0], {"no driver"});
  fake_cuda().count_status = cudaErrorNoDevice;
  fake_cuda().driver = 13000;
  expect_words(missing_devices()[0], {"no GPU is visible"});
}

TEST_F(FakedCuda, ListsNamesMemoryVersionsAndLinks) {
  auto all = list_cuda();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].spec, "cuda:1");
  EXPECT_EQ(all[1].memory_bytes, fake_cuda().memory_bytes);
  EXPECT_EQ(all[0].description, "Fake A100, compute 9.0, driver for CUDA 13.0, runtime 13.0, cuda:1 by PCIe");
  fake_cuda().nvlink = true;
  expect_words(list_cuda()[1].description, {"Fake H100", "cuda:0 by NVLink"});
}

TEST_F(FakedCuda, AKernelThatFailsLaterIsToldByTheStreamAndItsEvents) {
  const auto device = make_cuda_device(1);
  const auto stream = device->make_stream();
  Event event;
  stream->launch([] {});
  stream->record(event);
  for (const char* call : {"cudaEventSynchronize", "cudaEventQuery"}) fake_cuda().fails[call] = cudaErrorIllegalAddress;
  const std::vector<std::string> words = {"work on cuda:1 failed: an illegal memory access was encountered"};
  expect_words(text_of(Code::kDevice, [&] { event.synchronize(); }), words);
  expect_words(text_of(Code::kDevice, [&] { event.query(); }), words);
  for (int again = 0; again < 2; ++again) expect_words(text_of(Code::kDevice, [&] { stream->synchronize(); }), words);
  bool ran = false;
  stream->launch([&] { ran = true; });
  EXPECT_FALSE(ran);
}

TEST_F(FakedCuda, ALaunchThatIsRefusedFailsItsStreamAlone) {
  const auto device = make_cuda_device(0);
  const auto stream = device->make_stream(), other = device->make_stream();
  stream->launch([] { test::leave_cuda_error(cudaErrorInvalidConfiguration); });
  expect_words(text_of(Code::kDevice, [&] { stream->synchronize(); }),
               {"launching a kernel on cuda:0 failed: invalid configuration argument (cudaErrorInvalidConfiguration)"});
  bool ran = false;
  other->launch([&] { ran = true; });
  other->synchronize();
  EXPECT_TRUE(ran);
}

TEST_F(FakedCuda, WhatOthersQueueCountsAsBusy) {
  const auto device = make_cuda_device(0);
  const auto stream = device->make_stream();
  {
    const auto others = stream->count_as_busy();
    stream->launch([] {});  // part of it, not once more
  }
  EXPECT_EQ(stream->busy_ns(), 1'000'000) << "a millisecond between two events";
  stream->launch([] {});
  EXPECT_EQ(stream->busy_ns(), 2'000'000);
}

TEST_F(FakedCuda, BusyTimeIsThatOfWhatIsDone) {
  const auto device = make_cuda_device(1);
  const auto stream = device->make_stream();
  fake_cuda().held = true;
  stream->launch([] {});
  Event event;
  stream->record(event);
  EXPECT_FALSE(event.query());
  EXPECT_EQ(stream->busy_ns(), 0);
  fake_cuda().held = false;
  EXPECT_TRUE(event.query());
  EXPECT_EQ(stream->busy_ns(), 1'000'000) << "a millisecond between two events";
  char from[8] = {}, to[8];
  for (int i = 0; i < 200; ++i) stream->copy(to, from, 8);
  EXPECT_EQ(stream->busy_ns(), 201'000'000);
  EXPECT_LT(fake_cuda().events, 10) << "pairs are used again";
}

TEST_F(FakedCuda, ACopyOfNothingIsNone) {
  const auto device = make_cuda_device(0);
  const auto stream = device->make_stream();
  stream->copy(nullptr, nullptr, 0);
  stream->synchronize();
}

TEST_F(FakedCuda, LeavesTheCurrentDeviceAsItWas) {
  const auto device = make_cuda_device(1);
  const auto stream = device->make_stream();
  int inside = -1, after = -1;
  stream->launch([&] { cudaGetDevice(&inside); });
  { const DeviceBuffer memory = device->allocate(100, "test"); }
  cudaGetDevice(&after);
  EXPECT_EQ(inside, 1);
  EXPECT_EQ(after, 0);
}

}  // namespace
}  // namespace penstock
