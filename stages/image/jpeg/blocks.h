// Blocks of coefficients out of a segment's bits, and past them.
#pragma once

#include <array>
#include <cstdint>

#include "stages/image/jpeg/huffman.h"

namespace penstock::image {

/// Four blocks that lie side by side: i16 (8 rows, 4 blocks, 8 columns), so that a row of all four is one vector.
inline constexpr int kGroup = 4;
inline constexpr int kGroupCoefficients = kGroup * 64;

/// Where the k-th coefficient in zigzag order lies in a group, from its block's first one (ITU-T T.81, figure 5).
consteval std::array<std::uint8_t, 64> group_offsets() {
  std::array<std::uint8_t, 64> offsets{};
  int x = 0, y = 0;
  for (int k = 0; k < 64; ++k) {
    offsets[static_cast<std::size_t>(k)] = static_cast<std::uint8_t>(y * 8 * kGroup + x);
    const bool rises = (x + y) % 2 == 0;
    if (rises) {
      if (x == 7)
        ++y;
      else if (y == 0)
        ++x;
      else {
        ++x;
        --y;
      }
    } else {
      if (y == 7)
        ++x;
      else if (x == 0)
        ++y;
      else {
        --x;
        ++y;
      }
    }
  }
  return offsets;
}
inline constexpr std::array<std::uint8_t, 64> kGroupOffset = group_offsets();

/// Reads blocks; every function returns -1 or false where the bits are no block. Needs 16 + 64 * 31 bits in the reader's buffer.
struct BlockReader {
  /// Adds the difference to `previous`.
  static bool read_dc(BitReader& bits, const DcTable& dc, int& previous) {
    bits.refill();
    const std::uint32_t entry = dc.entries[bits.peek(kDcBits)];
    int size;
    if (entry != 0) {
      bits.skip(static_cast<int>(entry & 255));
      size = static_cast<int>(entry >> 8);
    } else {
      const LongCodes::Found found = dc.codes.find(bits.peek(16), kDcBits + 1);
      if (found.length == 0) return false;
      bits.skip(found.length);
      size = found.symbol;
    }
    if (size == 0) return true;
    previous = static_cast<std::int16_t>(previous + bits.value(0, size));  // wraps as libjpeg's JCOEF
    bits.skip(size);
    return true;
  }

  /// A block's coefficients, not dequantised, into `out` (of a zeroed group). Returns the zigzag index of the last one.
  [[gnu::always_inline]] static int read(BitReader& reader, const DcTable& dc, const AcTable& ac, int& previous,
                                         std::int16_t* out) {
    BitReader bits = reader;
    if (!read_dc(bits, dc, previous)) return -1;
    out[0] = static_cast<std::int16_t>(previous);
    unsigned k = 0, last = 0;
    // One coefficient; false where the block ends with it. Two take at most 2 * (16 + 10) of the 56 bits of a refill.
    const auto step = [&]() -> bool {
      const std::uint32_t entry = ac.entry(bits);
      k += entry >> 8 & 255;
      const BitReader here = bits;
      bits.skip_low(entry);
      if (k > 63) [[unlikely]]
        return false;
      out[kGroupOffset[k]] =
          static_cast<std::int16_t>(here.value(static_cast<int>(entry >> 24), static_cast<int>(entry >> 16 & 255)));
      last = k;
      return true;
    };
    while (k < 63) {
      if (!step()) break;
      if (k >= 63) break;
      bits.refill();
      if (!step() || k >= 63) break;
      if (!step()) break;
      bits.refill();
    }
    reader = bits;
    return k <= 63 || (k >= AcTable::kEndAdvance && k < AcTable::kNoCode) ? static_cast<int>(last) : -1;
  }

  /// Past a block; false where it is none.
  [[gnu::always_inline]] static bool pass(BitReader& reader, const DcTable& dc, const AcTable& ac, int& previous) {
    BitReader bits = reader;
    if (!read_dc(bits, dc, previous)) return false;
    unsigned k = 0;
    while (k < 63) {
      bits.refill();
      const std::uint32_t step = ac.steps[bits.peek(kSkipBits)];
      const unsigned advance = step >> 4 & 0x7FF;
      if (step != 0 && k + advance <= 63) {
        bits.skip(static_cast<int>(step & 15));
        k += advance;
        if ((step & 0x8000) == 0) continue;
        break;
      }
      const std::uint32_t entry = ac.entry(bits);
      k += entry >> 8 & 255;
      bits.skip_low(entry);
      if (k >= AcTable::kNoCode) return false;
      if (k >= AcTable::kEndAdvance) break;
      if (k > 63) return false;
    }
    reader = bits;
    return true;
  }
};

}  // namespace penstock::image
