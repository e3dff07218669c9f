// A stage with a kernel of its own: pictures get darker towards their corners.
#pragma once

#include "stages/device/device_stage.h"

/// The kernel: one value. Plain constexpr C++, for CPU and GPU.
struct VignetteJob {
  uint8_t* pixels = nullptr;  // u8 (N, height, width, 3), in the device's memory
  int64_t height = 0, width = 0;
  float strength = 0;

  constexpr void operator()(int64_t i) const {
    const int64_t x = i / 3 % width, y = i / 3 / width % height;
    const auto dx = (static_cast<float>(x) + 0.5f) / static_cast<float>(width) - 0.5f;
    const auto dy = (static_cast<float>(y) + 0.5f) / static_cast<float>(height) - 0.5f;
    pixels[i] = static_cast<uint8_t>(static_cast<float>(pixels[i]) * (1 - strength * 2 * (dx * dx + dy * dy)));
  }
};

/// The stage: changes "pixels" in place, by a strength drawn once a batch.
class Vignette final : public penstock::device::DeviceStage {
 public:
  penstock::Bound bind(const penstock::Schema& in) const override;
  void run(penstock::device::DeviceBatchView& batch) const override;
};
