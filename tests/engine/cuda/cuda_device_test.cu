#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/cuda_machine.h"
#include "engine/cuda/cuda_stream.h"
#include "tests/engine/any_device.h"

namespace penstock {
namespace {

__global__ void twice(uint32_t* values, size_t count) {
  for (size_t i = blockIdx.x * size_t{blockDim.x} + threadIdx.x; i < count; i += size_t{gridDim.x} * blockDim.x)
    values[i] *= 2;
}

__global__ void write_nowhere(int* at) { *at = 1; }

const DeviceKind kCuda{
    .name = "cuda",
    .make = [](uint64_t bytes, Clock&) { return make_cuda_device(0, bytes); },
    .twice = [](Stream& stream, uint32_t* values,
                size_t count) { stream.launch([&] { twice<<<64, 256, 0, cuda_stream_of(stream)>>>(values, count); }); },
    .why_not = [] { return look_for_cuda().why_none; }};

INSTANTIATE_TEST_SUITE_P(Kinds, AnyDevice, testing::Values(kCuda), [](const auto& info) { return info.param.name; });

class CudaDevice : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = look_for_cuda().why_none; !why.empty()) GTEST_SKIP() << why;
    device_ = make_cuda_device(0);
  }
  std::unique_ptr<Device> device_;
};

TEST_F(CudaDevice, CopiesByPinnedMemory) {
  const uint64_t bytes = 8_MiB;
  Buffer from = device_->make_host_buffer(bytes), to = device_->make_host_buffer(bytes);
  for (uint64_t i = 0; i < bytes; ++i) from.data()[i] = static_cast<std::byte>(i * 31 >> 3);
  DeviceBuffer there = device_->allocate(bytes, "test");
  const auto stream = device_->make_stream();
  stream->copy(there.data(), from.data(), bytes);
  stream->copy(to.data(), there.data(), bytes);
  Event copied;
  stream->record(copied);
  copied.synchronize();
  EXPECT_EQ(std::memcmp(from.data(), to.data(), bytes), 0);
  stream->synchronize();
  EXPECT_GT(stream->busy_ns(), 0);
}

TEST_F(CudaDevice, ALaunchThatIsRefusedFailsItsStreamAlone) {
  const auto stream = device_->make_stream(), other = device_->make_stream();
  DeviceBuffer there = device_->allocate(1024, "test");
  auto* values = reinterpret_cast<uint32_t*>(there.data());
  stream->launch(
      [&] { twice<<<1, 4096, 0, cuda_stream_of(*stream)>>>(values, 1); });  // a block has 1024 threads at most
  const std::string text = device_error([&] { stream->synchronize(); });
  EXPECT_NE(text.find("launching a kernel on cuda:0 failed"), std::string::npos) << text;
  other->launch([&] { twice<<<1, 32, 0, cuda_stream_of(*other)>>>(values, 1); });
  other->synchronize();
}

TEST_F(CudaDevice, MoreMemoryThanThereIsIsRefusedWithFigures) {
  try {
    make_cuda_device(0, 1024_GiB);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kMemory);
    EXPECT_NE(std::string(e.what()).find("with a budget of 1.00 TiB: the GPU has "), std::string::npos) << e.what();
  }
}

TEST_F(CudaDevice, AnIndexThatIsNotThereNamesThoseThatAre) {
  const std::string text = device_error([] { open_device("cuda:999"); });
  EXPECT_NE(text.find("cannot open 'cuda:999': this machine has "), std::string::npos) << text;
  EXPECT_NE(text.find("cuda:0"), std::string::npos) << text;
}

// CUDA gives the process up after this one, so it has a process of its own.
TEST_F(CudaDevice, AKernelThatFailsIsToldByTheStream) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a child of fork() cannot use CUDA
  device_.reset();
  EXPECT_EXIT(
      {
        const auto device = make_cuda_device(0);
        const auto stream = device->make_stream();
        stream->launch([&] { write_nowhere<<<1, 1, 0, cuda_stream_of(*stream)>>>(nullptr); });
        const std::string text = device_error([&] { stream->synchronize(); });
        std::fprintf(stderr, "%s\n", text.c_str());
        std::_Exit(text.find("work on cuda:0 failed") == std::string::npos);
      },
      testing::ExitedWithCode(0), "illegal memory access");
}

TEST(CudaMachine, SaysWhyThereIsNoDevice) {
  EXPECT_NE(why_no_cuda(0, 13000, cudaErrorInsufficientDriver).find("no driver: libcuda.so.1"), std::string::npos);
  const std::string old = why_no_cuda(12040, 13000, cudaErrorInsufficientDriver);
  EXPECT_NE(old.find("serves CUDA 12.4, this program needs 13.0 (driver 580"), std::string::npos) << old;
  EXPECT_NE(why_no_cuda(13000, 13000, cudaErrorNoDevice).find("CUDA_VISIBLE_DEVICES"), std::string::npos);
}

TEST(CudaMachine, IsListedOrMissingAndNeverBoth) {
  const CudaMachine machine = look_for_cuda();
  EXPECT_EQ(list_cuda().size(), static_cast<size_t>(machine.devices));
  EXPECT_EQ(machine.devices == 0, !machine.why_none.empty());
  std::string missing;
  for (const std::string& line : missing_devices()) missing += line;
  EXPECT_EQ(missing, machine.devices == 0 ? "cuda: " + machine.why_none : "");
}

TEST(CudaMachine, WithoutADriverOpeningSaysSoAndNamesWhatThereIs) {
  if (look_for_cuda().devices > 0) GTEST_SKIP() << "this machine has a GPU";
  const std::string text = device_error([] { open_device("cuda:0"); });
  EXPECT_NE(text.find("cannot open 'cuda:0': " + look_for_cuda().why_none), std::string::npos) << text;
  EXPECT_NE(text.find("devices of this machine: cpu, sim:0"), std::string::npos) << text;
}

TEST(CudaMachine, AnOptionThatIsNoneIsRefused) {
  for (const char* spec : {"cuda:0,step_ms=3", "cuda:0,memory=lots", "cuda:0,memory=0"}) {
    try {
      open_device(spec);
      ADD_FAILURE() << spec << " was opened";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::kUsage) << e.what();
      EXPECT_NE(std::string(e.what()).find("memory=20GiB"), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace penstock
