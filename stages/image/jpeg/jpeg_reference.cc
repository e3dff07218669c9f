#include "stages/image/jpeg/jpeg_reference.h"

#include <algorithm>
#include <array>

#include "stages/image/jpeg/blocks.h"

namespace penstock::image {
namespace {

constexpr int kBits = 13;  // fractional bits of the constants

std::int16_t wrapped(int value) { return static_cast<std::int16_t>(value); }
std::int16_t saturated(std::int32_t value) { return static_cast<std::int16_t>(std::clamp(value, -32768, 32767)); }
std::int32_t added(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

// Eight points, `step` apart; as in libjpeg's jidctint.c with the multiplications gathered in pairs.
void idct_pass(std::int16_t* v, int step, int shift) {
  const auto at = [&](int i) { return std::int32_t{v[i * step]}; };
  const std::int32_t t2 = at(2) * 4433 + at(6) * (4433 - 15137), t3 = at(2) * (4433 + 6270) + at(6) * 4433;
  const std::int32_t t0 = wrapped(at(0) + at(4)) * (1 << kBits), t1 = wrapped(at(0) - at(4)) * (1 << kBits);
  const std::int32_t a = wrapped(at(7) + at(3)), b = wrapped(at(5) + at(1));
  const std::int32_t z3 = a * (9633 - 16069) + b * 9633, z4 = a * 9633 + b * (9633 - 3196);
  const std::int32_t o0 = added(at(7) * (2446 - 7373) + at(1) * -7373, z3);
  const std::int32_t o3 = added(at(7) * -7373 + at(1) * (12299 - 7373), z4);
  const std::int32_t o1 = added(at(5) * (16819 - 20995) + at(3) * -20995, z4);
  const std::int32_t o2 = added(at(5) * -20995 + at(3) * (25172 - 20995), z3);
  const std::array<std::int32_t, 4> even = {added(t0, t3), added(t1, t2), added(t1, -t2), added(t0, -t3)};
  const std::array<std::int32_t, 4> odd = {o3, o2, o1, o0};
  for (int i = 0; i < 4; ++i) {
    const auto put = [&](int place, std::int32_t sum) {
      v[place * step] = saturated(added(sum, 1 << (shift - 1)) >> shift);
    };
    put(i, added(even[i], odd[i]));
    put(7 - i, added(even[i], static_cast<std::int32_t>(0u - static_cast<std::uint32_t>(odd[i]))));
  }
}

// Eight points to four.
void half_pass(std::int16_t* v, int step, int shift) {
  const auto at = [&](int i) { return std::int32_t{v[i * step]}; };
  const auto descaled = [&](std::int32_t sum) { return saturated(added(sum, 1 << (shift - 1)) >> shift); };
  const auto negated = [](std::int32_t x) { return static_cast<std::int32_t>(0u - static_cast<std::uint32_t>(x)); };
  const std::int32_t middle = at(0) * (1 << (kBits + 1)), side = at(2) * 15137 + at(6) * -6270;
  const std::int32_t a = added(at(7) * -1730 + at(5) * 11893, at(3) * -17799 + at(1) * 8697);
  const std::int32_t b = added(at(7) * -4176 + at(5) * -4926, at(3) * 7373 + at(1) * 20995);
  const std::int32_t outer = added(middle, side), inner = added(middle, negated(side));
  v[0] = descaled(added(outer, b));
  v[3 * step] = descaled(added(outer, negated(b)));
  v[step] = descaled(added(inner, a));
  v[2 * step] = descaled(added(inner, negated(a)));
}

// libjpeg-turbo's vector code has a shortcut for blocks of one row of coefficients, which wraps where the long way saturates. Only numbers
// that no picture has are so large.
struct Block {
  std::array<std::int16_t, 64> values;  // dequantised; where the shortcut was taken, columns are done
  bool took_shortcut = true;
};

// A block of a group, which is zeroed for the next one.
Block take_block(std::int16_t* coefficients, const std::int16_t* quant, int number) {
  Block block;
  for (int i = 0; i < 64; ++i) {
    std::int16_t& coefficient = coefficients[i / 8 * 8 * kGroup + number * 8 + i % 8];
    if (i >= 8 && coefficient != 0) block.took_shortcut = false;
    block.values[i] = wrapped(coefficient * quant[i]);
    coefficient = 0;
  }
  for (int i = 63; block.took_shortcut && i >= 0; --i)  // from the back: row 0 is read last
    block.values[i] = wrapped(block.values[i % 8] * 4);
  return block;
}

std::uint8_t to_sample(int value) { return static_cast<std::uint8_t>(std::clamp(value + 128, 0, 255)); }

}  // namespace

void idct_group_reference(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples,
                          std::size_t stride) {
  for (int block = 0; block < kGroup; ++block) {
    auto [v, shortcut] = take_block(coefficients, quant, block);
    for (int column = 0; !shortcut && column < 8; ++column) idct_pass(v.data() + column, 8, kBits - 2);
    for (int row = 0; row < 8; ++row) idct_pass(v.data() + row * 8, 1, kBits + 2 + 3);
    for (int i = 0; i < 64; ++i) samples[i / 8 * stride + block * 8 + i % 8] = to_sample(v[i]);
  }
}

void idct_group_half_reference(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples,
                               std::size_t stride) {
  for (int block = 0; block < kGroup; ++block, samples += 4) {
    auto [v, shortcut] = take_block(coefficients, quant, block);
    for (int column = 0; !shortcut && column < 8; ++column) half_pass(v.data() + column, 8, kBits - 2 + 1);
    for (int row = 0; row < 4; ++row) half_pass(v.data() + row * 8, 1, kBits + 2 + 3 + 1);
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x) samples[static_cast<std::size_t>(y) * stride + x] = to_sample(v[y * 8 + x]);
  }
}

void ycc_to_rgb_reference(ChromaShape shape, const YccRow& row, int pixels, std::uint8_t* rgb) {
  const auto chroma = [&](const std::uint8_t* near, const std::uint8_t* far, int x) -> int {
    const int c = x / 2, beside = x % 2 == 0 ? c - 1 : c + 1;
    switch (shape) {
      case ChromaShape::kFull: break;
      case ChromaShape::kHalfDown: return (3 * near[x] + far[x] + (row.far_is_above ? 1 : 2)) >> 2;
      case ChromaShape::kHalfAcross: return (3 * near[c] + near[beside] + (x % 2 == 0 ? 1 : 2)) >> 2;
      case ChromaShape::kQuarter:
        return (3 * (3 * near[c] + far[c]) + 3 * near[beside] + far[beside] + (x % 2 == 0 ? 8 : 7)) >> 4;
    }
    return near[x];
  };
  const auto rounded = [](int product) { return (product + 32768) >> 16; };
  for (int x = 0; x < pixels; ++x, rgb += 3) {
    const int y = row.luma[x], cb = chroma(row.blue_near, row.blue_far, x) - 128,
              cr = chroma(row.red_near, row.red_far, x) - 128;
    rgb[0] = static_cast<std::uint8_t>(std::clamp(y + rounded(91881 * cr), 0, 255));
    rgb[1] = static_cast<std::uint8_t>(std::clamp(y + rounded(-22554 * cb - 46802 * cr), 0, 255));
    rgb[2] = static_cast<std::uint8_t>(std::clamp(y + rounded(116130 * cb), 0, 255));
  }
}

}  // namespace penstock::image
