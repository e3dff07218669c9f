// f32 rounded to the two half-width floats, to nearest even: the bits, the same on CPU and GPU.
#pragma once

#include <bit>
#include <cstdint>

namespace penstock::device {

/// bfloat16: the upper half of an f32. NaNs stay NaNs.
constexpr uint16_t bf16_bits(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

/// IEEE 754 binary16; overflow becomes infinity, small values subnormal.
constexpr uint16_t f16_bits(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const uint32_t rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
  if (rest >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to 65536 or more
  if (rest >= 0x38800000u) {                                              // normal: exponent less by 112
    const uint32_t moved = rest - 0x38000000u;
    return static_cast<uint16_t>(sign | ((moved + 0xfffu + ((moved >> 13) & 1)) >> 13));
  }
  if (rest < 0x33000000u) return sign;  // below half of the least subnormal
  const uint32_t shift = 126 - (rest >> 23), mantissa = (rest & 0x7fffffu) | 0x800000u;
  const uint32_t kept = mantissa >> shift, left = mantissa & ((1u << shift) - 1), half = 1u << (shift - 1);
  return static_cast<uint16_t>(sign | (kept + (left > half || (left == half && (kept & 1)) ? 1 : 0)));
}

}  // namespace penstock::device
