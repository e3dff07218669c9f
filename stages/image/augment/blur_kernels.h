// The inner loops of the blur, compiled once for each vector instruction set and chosen at run time (Highway). Integers
// throughout: every target gives the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock::image::augment {

/// Values between the two passes have six bits behind the point: the sum of two still fits in i16.
inline constexpr int kBlurMiddleBits = 6;
/// i16 behind the end of a row that the kernels read and write (rubbish).
inline constexpr std::size_t kBlurPadding = 64;

/// What both passes sum up: weights[t] * (left[t][i] + right[t][i]) over t < taps.
struct SymmetricTaps {
  const std::int16_t* const* left;
  const std::int16_t* const* right;
  const std::int16_t* weights;
  int taps;
};

/// u8 to i16, exactly `count`.
void widen_values(const std::uint8_t* values, std::size_t count, std::int16_t* out);
/// First pass: rows of whole values (0..255) to rows with kBlurMiddleBits.
void blur_to_middle(const SymmetricTaps& taps, std::size_t count, std::int16_t* out);
/// Second pass: rows with kBlurMiddleBits to u8; `out` is written exactly.
void blur_to_values(const SymmetricTaps& taps, std::size_t count, std::uint8_t* out);

}  // namespace penstock::image::augment
