// Pixels as they lie in a batch become what a network takes, on the device: normalised, cast and laid out in one pass.
#pragma once

#include <array>
#include <cstdint>

#include "engine/data/schema.h"
#include "engine/device/device.h"

namespace penstock::device {

inline constexpr int kMostChannels = 4;

/// images u8 (count, height, width, channels) -> out (count, channels, height, width) of `type` (kF32, kF16 or kBF16), in plain
/// memory or, channels_last, as (count, height, width, channels). Both in the device's memory.
///   out = (v / 255 - mean[c]) / std[c] in f32, then rounded to nearest even: the values of learn::PixelNormaliser.
/// `out` aligned to 16 bytes and `images` to 8 is fast; anything else works.
struct Normalise {
  const uint8_t* images = nullptr;
  void* out = nullptr;
  int64_t count = 0, height = 0, width = 0;
  int channels = 3;
  DType type = DType::kF32;
  bool channels_last = false;
  std::array<float, kMostChannels> mean{}, std{1, 1, 1, 1};
};

/// Queues it. Error kUsage for another type, more than four channels or a std that is not above 0.
void normalise(Stream& stream, const Normalise& job);

/// The kernel's place: defined in no_gpu_kernels of a program without CUDA, in cuda/normalise.cu of one with.
void normalise_on_gpu(void* native_stream, const Normalise& job);

}  // namespace penstock::device
