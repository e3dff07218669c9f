// What a GPU lane will feed the network is what a CPU lane feeds it.
#include <ATen/ops/empty_like.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "engine/device/cpu_device.h"
#include "stages/device/normalise.h"
#include "stages/learn/pixels.h"

namespace penstock {
namespace {

TEST(DeviceNormalise, GivesTheBitsOfThePixelNormaliser) {
  const std::vector<double> mean = {0.485, 0.456, 0.406}, std = {0.229, 0.224, 0.225};
  const learn::PixelNormaliser normaliser(mean, std);
  std::vector<uint8_t> pixels(2 * 10 * 12 * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 37 + i / 256);
  const learn::Images images{.data = pixels.data(), .count = 2, .height = 10, .width = 12, .channels = 3};
  const auto device = make_cpu_device();
  const auto stream = device->make_stream();
  for (const bool bf16 : {false, true})
    for (const bool channels_last : {false, true}) {
      const at::Tensor wanted = normaliser(images, bf16, channels_last);
      at::Tensor out = at::empty_like(wanted);
      device::Normalise job{.images = pixels.data(),
                            .out = out.mutable_data_ptr(),
                            .count = 2,
                            .height = 10,
                            .width = 12,
                            .channels = 3,
                            .type = bf16 ? DType::kBF16 : DType::kF32,
                            .channels_last = channels_last};
      for (size_t c = 0; c < 3; ++c) {
        job.mean[c] = static_cast<float>(mean[c]);
        job.std[c] = static_cast<float>(std[c]);
      }
      device::normalise(*stream, job);
      stream->synchronize();
      EXPECT_EQ(std::memcmp(out.const_data_ptr(), wanted.const_data_ptr(), wanted.nbytes()), 0)
          << (bf16 ? "bf16" : "f32") << (channels_last ? " channels-last" : " planes");
    }
}

}  // namespace
}  // namespace penstock
