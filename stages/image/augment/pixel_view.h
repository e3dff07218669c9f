// What augmentations work on: a picture where it lies in the batch, and memory for the few that need rows beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/graph/stage.h"

namespace penstock::image::augment {

/// u8 (height, width, channels), borrowed; changed in place. RGB, or a mask where a stage says that it takes one channel.
/// `stride`: bytes from a row to the next, at least channels * width.
struct PixelView {
  std::uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;
  int channels = 3;

  std::uint8_t* row(int y) const { return data + y * stride; }
  std::size_t pixels() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(height); }
};

/// Memory that an operation needs beside the picture. Grows to what was asked for and stays: no allocation in steady
/// state. One a thread.
class RowScratch {
 public:
  /// Room for `count` values of T, aligned to 64 bytes, with rubbish in it. Good until the next call.
  template <class T>
  T* take(std::size_t count) {
    const std::size_t bytes = count * sizeof(T) + kAlignment;
    if (bytes_.size() < bytes) bytes_.resize(bytes);
    const auto at = reinterpret_cast<std::uintptr_t>(bytes_.data());
    return reinterpret_cast<T*>(bytes_.data() + (kAlignment - at % kAlignment) % kAlignment);
  }

 private:
  static constexpr std::size_t kAlignment = 64;
  std::vector<std::byte> bytes_;
};

/// The field that all of these stages work on, in place: "pixels" u8 (N, height, width, 3), or (N, views, height, width, 3) where
/// `views_too`. Throws Error kUsage that names `who` where the schema has no such field.
const Field& require_pixels(const Schema& in, const char* who, bool views_too = false);

}  // namespace penstock::image::augment
