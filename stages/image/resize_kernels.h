// The two inner loops of the resizer, compiled once for each vector instruction set and chosen at run time (Highway).
// Integers throughout: every target gives the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stages/image/resize_taps.h"

namespace penstock::image {

/// 22-bit weights times u8 in i16 multipliers: weight = high * 2^kLowBits + low, two sums in i32, exact modulo 2^32.
inline constexpr int kLowBits = 11;

/// The taps of the horizontal pass as narrow_row() eats them: weights split into a high and a low half that fit in
/// i16, spread over the lanes of one vector.
class PixelTaps {
 public:
  /// From the taps of one axis over a source `width` pixels wide; first input = pixel 0 of the source.
  void make(const ResizeTaps& taps, int width);

  int pixels = 0;                         ///< outputs
  int pairs = 0;                          ///< pairs of neighbouring inputs an output
  std::vector<std::int32_t> byte_offset;  ///< (outputs, rounded up to a vector) of the first input
  std::vector<std::int16_t> weights;      ///< (vectors, pairs, high/low, lanes)
};

/// One row of RGB, horizontally: reads at most kRowPadding bytes behind the source's last pixel, writes taps.pixels
/// pixels and up to kRowPadding bytes of rubbish behind them.
void narrow_row(const PixelTaps& taps, const std::uint8_t* rgb, std::uint8_t* out);

/// out[i] = (sum over t < count of rows[t][i] * weights[t], rounded) >> kWeightBits for i < bytes. Rows are readable
/// kRowPadding bytes behind their end; `out` is written up to `bytes` exactly.
void blend_rows(const std::uint8_t* const* rows, const std::int32_t* weights, int count, int bytes, std::uint8_t* out);

}  // namespace penstock::image
