// The two tensors that a learner takes out of a batch.
#pragma once

#include <cstdint>
#include <span>

namespace penstock::learn {

/// u8 (count, height, width, channels), C-contiguous, borrowed.
struct Images {
  const uint8_t* data = nullptr;
  int64_t count = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 3;
};

/// i64 (count), each in [0, classes), borrowed.
using Labels = std::span<const int64_t>;

/// Of pictures that are mixtures of two (image.mixup, image.cutmix): loss = share * loss(label) + (1 - share) * loss(second).
/// Empty where none are. Borrowed.
struct Mixing {
  Labels second;                  ///< i64 (count)
  std::span<const float> shares;  ///< f32 (count), 0 to 1
};

}  // namespace penstock::learn
