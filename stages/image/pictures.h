// The pictures that a record's field holds: one, or several views.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/graph/stage.h"

namespace penstock::image {

/// Whether a field is u8 (h, w, c) or (views, h, w, c), with c channels or any where `channels` is 0.
inline bool holds_pictures(const Field& field, std::int64_t channels = 0) {
  const auto& shape = field.shape;
  return field.dtype == DType::kU8 && field.extent == Extent::kFixed && (shape.size() == 3 || shape.size() == 4) &&
         (channels == 0 || shape.back() == channels);
}

/// Calls `f(pixels, height, width, channels)` for each picture of such a field, rows without gaps, in order.
template <class F>
void each_picture(const FieldView& field, F f) {
  const auto shape = field.shape();
  const std::int64_t height = shape[shape.size() - 3], width = shape[shape.size() - 2], channels = shape.back();
  const std::int64_t bytes = height * width * channels;
  auto* pixels = reinterpret_cast<std::uint8_t*>(field.data);
  for (std::int64_t left = static_cast<std::int64_t>(field.bytes()); left > 0; left -= bytes, pixels += bytes)
    f(pixels, height, width, channels);
}

}  // namespace penstock::image
