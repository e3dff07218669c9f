// What a cell of text says: numbers and truth values. No locale, no allocation; every byte of the cell must belong to the value.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "io/table/table_schema.h"

namespace penstock::io {

/// A column of "1.234,56": reals whose format is "comma".
inline bool has_decimal_comma(const ColumnSpec& column) {
  return column.type == ColumnType::kReal && column.format == "comma";
}

/// Digits, '-' before them at most. False where it is none or does not fit 64 bits.
bool parse_long_int(std::string_view cell, int64_t& out);

/// The value of up to eight digits whose bytes lie in `eight`, the first one lowest and '0' before them; false where a byte is no digit.
inline bool eight_digits(uint64_t eight, uint64_t& out) {
  constexpr uint64_t kHigh = 0xF0F0F0F0F0F0F0F0, kZeros = 0x3030303030303030, kSix = 0x0606060606060606;
  if (((eight & kHigh) ^ kZeros) != 0 || (((eight + kSix) & kHigh) ^ kZeros) != 0) return false;
  eight -= kZeros;
  eight = eight * 10 + (eight >> 8);  // pairs of digits, in every second byte
  constexpr uint64_t kPairs = 0x000000FF000000FF;
  out = (((eight & kPairs) * (100 + (uint64_t{1000000} << 32))) +
         (((eight >> 16) & kPairs) * (1 + (uint64_t{10000} << 32)))) >>
        32;
  return true;
}

/// parse_long_int(), fast for up to eight digits: no branch by their number. Eight bytes from `begin` on must be readable.
inline bool parse_int(const char* begin, const char* end, int64_t& out) {
  const bool negative = begin != end && *begin == '-';
  const char* digits = begin + (negative ? 1 : 0);
  const auto count = static_cast<uint64_t>(end - digits);
  if (count - 1 >= 8) return parse_long_int({begin, static_cast<size_t>(end - begin)}, out);
  uint64_t eight = 0;
  std::memcpy(&eight, digits, 8);
  // Shifted to the end, zeros before it. Twice, since a shift by 64 is none.
  const uint64_t shift = 64 - 8 * count;
  eight = eight << shift | (uint64_t{0x3030303030303030} >> (8 * count - 1) >> 1);
  uint64_t value = 0;
  if (!eight_digits(eight, value)) return false;
  out = negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
  return true;
}

/// Decimal, with a point and an exponent or without ("-1.5e3", ".5"), "inf", "-inf", "infinity", "nan" in any case. Correctly rounded. Numbers beyond what a double holds are infinite,
/// those below 0.
bool parse_real(std::string_view cell, double& out);

/// parse_real(), fast for up to eight characters behind the sign ("-12.3456", "7"): no branch by their number. Eight bytes from `begin` on must be readable.
inline bool parse_short_real(const char* begin, const char* end, double& out) {
  constexpr double kPowers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080, kZeros = 0x3030303030303030;
  const auto negative =
      static_cast<size_t>(begin != end) & static_cast<size_t>(*begin == '-');  // signs come by chance: no branch
  const char* digits = begin + negative;
  const auto count = static_cast<uint64_t>(end - digits);
  if (count - 1 >= 8) return parse_real({begin, static_cast<size_t>(end - begin)}, out);
  uint64_t eight = 0, value = 0;
  std::memcpy(&eight, digits, 8);
  eight &= ~uint64_t{0} >> (64 - 8 * count);
  const uint64_t other = eight ^ (kOnes * '.');
  const uint64_t points = (other - kOnes) & ~other & kHighs;  // the lowest bit is that of the first point
  uint64_t places = count, behind = 0;
  if (points != 0) {
    const auto at = static_cast<uint64_t>(std::countr_zero(points)) / 8;
    const uint64_t before = (uint64_t{1} << (8 * at)) - 1;
    eight = (eight & before) | (eight >> (8 * at) >> 8) << (8 * at);  // the point taken out
    places = count - 1;
    behind = places - at;
    if (places == 0) return false;
  }
  eight = eight << (64 - 8 * places) | (kZeros >> (8 * places - 1) >> 1);
  if (!eight_digits(eight, value)) return parse_real({begin, static_cast<size_t>(end - begin)}, out);
  const double whole = static_cast<double>(value) / kPowers[behind];  // both exact: rounded once
  constexpr double kSigns[] = {1, -1};
  out = whole * kSigns[negative];
  return true;
}

/// "-1.234,56", "0,5", "12": a comma in front of the decimals, and points between groups of three digits or none. Slower than parse_real().
bool parse_comma_real(std::string_view cell, double& out);

/// "true", "false", "yes", "no", "t", "f", "y", "n" in any case, 1, 0.
bool parse_bool(std::string_view cell, int64_t& out);

/// Blanks and tabs taken off both ends.
std::string_view trimmed(std::string_view cell);

}  // namespace penstock::io
