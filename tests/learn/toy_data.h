// Small pictures that a network can learn: class k is brighter in a place of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/learn/images.h"

namespace penstock::learn::test {

struct ToyBatch {
  static constexpr int64_t kClasses = 4;

  ToyBatch(int64_t count, uint64_t seed, int64_t side = 32)
      : pixels(static_cast<size_t>(count * side * side * 3)), labels(static_cast<size_t>(count)) {
    uint64_t state = seed * 2654435761u + 1;
    for (int64_t n = 0; n < count; ++n) {
      labels[static_cast<size_t>(n)] = n % kClasses;
      for (int64_t i = 0; i < side * side * 3; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const bool bright = (i / 3 / side) * kClasses / side == n % kClasses;
        pixels[static_cast<size_t>(n * side * side * 3 + i)] = static_cast<uint8_t>((state >> 57) + (bright ? 100 : 0));
      }
    }
    images = {pixels.data(), count, side, side, 3};
  }
  ToyBatch(const ToyBatch&) = delete;

  std::vector<uint8_t> pixels;
  std::vector<int64_t> labels;
  Images images;
};

}  // namespace penstock::learn::test
