// Pixels normalised straight into a tensor of torch on the GPU: the way of a CUDA lane.
#include <ATen/Functions.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>
#include <gtest/gtest.h>

#include <vector>

#include "engine/device/devices.h"
#include "stages/device/normalise.h"
#include "stages/learn/pixels.h"

namespace penstock {
namespace {

TEST(TorchOnGpu, TakesWhatTheKernelWroteWithoutACopy) {
  if (const auto missing = missing_devices(); !missing.empty()) GTEST_SKIP() << missing[0];
  const auto device = open_device("cuda:0");
  const auto stream = device->make_stream();
  std::vector<uint8_t> pixels(8 * 64 * 64 * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 37 + i / 256);
  DeviceBuffer there = device->allocate(pixels.size(), "test");
  stream->copy(there.data(), pixels.data(), pixels.size());
  const learn::PixelNormaliser normaliser({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
  const learn::Images images{.data = pixels.data(), .count = 8, .height = 64, .width = 64, .channels = 3};
  for (const bool bf16 : {false, true})
    for (const bool channels_last : {false, true}) {
      const auto options = at::TensorOptions().device(at::kCUDA, 0).dtype(bf16 ? at::kBFloat16 : at::kFloat);
      at::Tensor out = at::empty({8, 3, 64, 64}, options,
                                 channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
      device::normalise(*stream, {.images = reinterpret_cast<const uint8_t*>(there.data()),
                                  .out = out.mutable_data_ptr(),
                                  .count = 8,
                                  .height = 64,
                                  .width = 64,
                                  .channels = 3,
                                  .type = bf16 ? DType::kBF16 : DType::kF32,
                                  .channels_last = channels_last,
                                  .mean = {0.485f, 0.456f, 0.406f},
                                  .std = {0.229f, 0.224f, 0.225f}});
      // Torch works in the same queue: nothing is waited for between the kernel and the network.
      const c10::cuda::CUDAStreamGuard guard(
          c10::cuda::getStreamFromExternal(static_cast<cudaStream_t>(stream->native_handle()), 0));
      EXPECT_TRUE(at::equal(out.cpu(), normaliser(images, bf16, channels_last)));
      EXPECT_TRUE(at::conv2d(out, at::ones({4, 3, 3, 3}, options)).isfinite().all().item<bool>());
    }
  EXPECT_GE(at::cuda::getCurrentDeviceProperties()->major, 8);
}

}  // namespace
}  // namespace penstock
