// Pixels as they lie in a batch, u8 (N, H, W, C), become what a network takes: normalised, cast, laid out, in one pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "stages/learn/images.h"

namespace penstock::learn {

/// (v / 255 - mean) / std for each channel, in f32 as torchvision's ToTensor and Normalize do it, then rounded to the type asked
/// for. A table of 256 values a channel, so a value costs one load. Immutable, thread-safe.
class PixelNormaliser {
 public:
  /// One mean and one std (above 0) for each channel. Throws Error kUsage otherwise.
  PixelNormaliser(const std::vector<double>& mean, const std::vector<double>& std);

  int64_t channels() const { return static_cast<int64_t>(f32_.size()); }

  /// `images` (N, H, W, C) -> a new tensor (N, C, H, W), f32 or bf16, in channels-last or plain memory. Runs on the torch threads
  /// of the caller.
  at::Tensor operator()(const Images& images, bool bf16, bool channels_last) const;

 private:
  std::vector<std::array<float, 256>> f32_;
  std::vector<std::array<uint16_t, 256>> bf16_;  // the bits
};

}  // namespace penstock::learn
