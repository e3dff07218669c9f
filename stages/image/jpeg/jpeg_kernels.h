// The vector loops of the JPEG decoder: blocks to samples, samples to RGB. Compiled once for each vector instruction set
// and chosen at run time (Highway); integers throughout, the same bytes from every target: those of libjpeg-turbo's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock::image {

/// The inverse DCT of four blocks side by side (blocks.h says how they lie), which are zeroed for the next ones:
/// dequantised with `quant` (64, natural order) modulo 2^16, then libjpeg's accurate integer method (jidctint.c; Loeffler,
/// Ligtenberg and Moschytz 1989), with results saturated to 16 bits after columns and to 8 after rows. Writes 8 rows of 32
/// samples, `stride` bytes apart. `coefficients` are aligned to 64 bytes.
void idct_group(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples, std::size_t stride);

/// The same where only the first coefficient of each block is not zero.
void idct_group_dc(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples, std::size_t stride);

/// A picture made half as large on the way: each block becomes 4 x 4 samples out of its low frequencies, by libjpeg's reduced
/// transform (jidctred.c). Writes 4 rows of 16 samples.
void idct_group_half(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples, std::size_t stride);

/// How chroma samples lie under luma: one for each pixel, or each for two across, down or both.
enum class ChromaShape { kFull, kHalfAcross, kHalfDown, kQuarter };

/// One row of samples, from an even column on. Where chroma is halved down, `near` is the chroma row that the row lies in
/// and `far` the next nearest; else `far` is not looked at. Where it is halved across, samples from one before to one
/// behind are read. All rows are readable 64 bytes behind their end.
struct YccRow {
  const std::uint8_t* luma;
  const std::uint8_t *blue_near, *blue_far, *red_near, *red_far;
  bool far_is_above;
};

/// Chroma interpolated by a triangle filter as libjpeg's "fancy upsampling" does (jdsample.c), then YCbCr to RGB with its
/// 16-bit constants (jdcolor.c). Writes 3 * pixels bytes and up to 3 * 128 bytes of rubbish behind them.
void ycc_to_rgb(ChromaShape shape, const YccRow& row, int pixels, std::uint8_t* rgb);

/// Grey to RGB; rubbish behind as above.
void grey_to_rgb(const std::uint8_t* luma, int pixels, std::uint8_t* rgb);

inline constexpr std::size_t kRgbPadding = 3 * 128;

}  // namespace penstock::image
