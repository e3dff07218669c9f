// Values at the narrowest width that holds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/table/stored_column.h"

namespace penstock::io {

/// What a column of numbers needs, as it is seen so far. Missing values count as 0 and NaN, which all widths hold.
struct NumberRange {
  int64_t least = 0, most = 0;
  bool fits_f32 = true;  ///< every real so far is the same as a float

  void add(std::span<const int64_t> values);
  void add(std::span<const double> values);
  /// kI8 .. kI64.
  Stored ints() const;
  Stored reals() const { return fits_f32 ? Stored::kF32 : Stored::kF64; }
};
/// Of codes 0 .. count - 1: kI8, kI16 or kI32, since Arrow's readers like them signed.
Stored codes_width(uint64_t count);

/// Writes values.size() values of width_of(as) bytes to `out`. They fit.
void narrow(Stored as, std::span<const int64_t> values, std::byte* out);
void narrow(Stored as, std::span<const double> values, std::byte* out);
void narrow(Stored as, std::span<const uint32_t> values, std::byte* out);
/// A bit for each byte that is not 0, or with `flip` for each that is; `out` has (n + 7) / 8 bytes.
void pack_bits(std::span<const uint8_t> bytes, bool flip, uint8_t* out);

}  // namespace penstock::io
