// Huffman tables of a JPEG made into look-up tables, and the bits that they are looked up with.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "stages/image/jpeg/scan.h"

namespace penstock::image {

/// The next bits of a segment, most significant first, in a 64-bit word. Reads 8 bytes at a time and up to 8 bytes behind
/// the end of what is valid; who reads checks consumed() against the segment's end.
struct BitReader {
  std::uint64_t word = 0;  ///< the next bits from the top; below them zeros or bits to come
  int count = 0;           ///< valid bits in `word`
  const std::uint8_t* next = nullptr;

  void start(const std::uint8_t* bytes) {
    word = 0;
    count = 0;
    next = bytes;
  }
  /// At least 56 valid bits from here on.
  void refill() {
    std::uint64_t more;
    std::memcpy(&more, next, 8);
    word |= __builtin_bswap64(more) >> count;
    next += (63 - count) >> 3;
    count |= 56;
  }
  std::uint32_t peek(int bits) const { return static_cast<std::uint32_t>(word >> (64 - bits)); }
  void skip(int bits) {
    word <<= bits;
    count -= bits;
  }
  /// As skip() by the lowest byte, at most 63.
  void skip_low(std::uint32_t entry) {
    word <<= entry & 63;
    count -= static_cast<int>(entry & 255);
  }
  /// The value of `size` bits (0 to 16) behind the next `length` ones, as JPEG writes it: with a leading 0 it is negative
  /// (T.81, F.2.2.1, EXTEND).
  int value(int length, int size) const {
    const std::uint64_t rest = word << length;
    const int plain = static_cast<int>(rest >> 1 >> (63 - size));
    const int is_negative = static_cast<int>(static_cast<std::int64_t>(~rest) >> 63);
    return plain - (is_negative & ((1 << size) - 1));
  }
  /// Bits between the reader's place and `end`: negative where it has read over it.
  std::int64_t left(const std::uint8_t* end) const { return (end - next) * 8 + count; }
};

/// Codes of up to 16 bits, from the shortest: for codes that the look-up tables do not hold (ITU-T T.81, F.2.2.3).
class LongCodes {
 public:
  /// False where the counts are no prefix code.
  bool make(const HuffmanSpec& spec);
  /// Length and symbol of the code that the 16 bits `window` begin with; length 0: there is none.
  struct Found {
    int length = 0;
    int symbol = 0;
  };
  Found find(std::uint32_t window, int shortest) const;

 private:
  std::array<std::int32_t, 18> first_behind_{};  // by length: the first 16-bit window behind the codes of that length
  std::array<std::int32_t, 17> index_{};         // by length: symbol index minus code
  std::array<std::uint8_t, 256> symbols_{};
};

inline constexpr int kDcBits = 9;     ///< window of the DC table
inline constexpr int kAcBits = 10;    ///< of the AC table: code and value in one step where both fit
inline constexpr int kSkipBits = 11;  ///< of the table that only steps over coefficients, several at once

/// AC coefficients: an entry for each window of bits,
///   length of the code << 24 | size of the value << 16 | advance << 8 | length + size
/// where `advance` is the run of zeros and the coefficient behind it, and kEndAdvance for the end of the block. 0: the code is
/// longer than the window.
class AcTable {
 public:
  static constexpr unsigned kEndAdvance = 128;
  static constexpr unsigned kNoCode = 255;  ///< an advance
  bool make(const HuffmanSpec& spec);
  bool is_made_of(const HuffmanSpec& spec) const;

  std::array<std::uint32_t, 1 << kAcBits> entries;
  /// Steps over coefficients: bits | advance << 4 | end of block << 15, where the end counts as one coefficient (there is
  /// none behind the 63rd); 0: look for the code with LongCodes.
  std::array<std::uint16_t, 1 << kSkipBits> steps;
  LongCodes codes;
  /// The entry of the code that comes next, whatever its length; an advance of kNoCode where there is none.
  std::uint32_t entry(const BitReader& bits) const {
    const std::uint32_t found = entries[bits.peek(kAcBits)];
    return found != 0 ? found : long_entry(bits.peek(16));
  }
  static std::uint32_t entry_of(int length, int symbol) {
    const int size = symbol & 15, advance = symbol == 0 ? static_cast<int>(kEndAdvance) : (symbol >> 4) + 1;
    return static_cast<std::uint32_t>(length << 24 | size << 16 | advance << 8 | (length + size));
  }

 private:
  std::uint32_t long_entry(std::uint32_t window) const;
  std::array<std::uint16_t, 1 << kSkipBits> single_;  // room for make(): steps of one coefficient
  std::array<std::uint8_t, 16> counts_{};
  std::array<std::uint8_t, 256> symbols_{};
  std::size_t symbol_count_ = 0;
};

/// DC differences: length of code | size << 8; 0: look for the code with LongCodes.
class DcTable {
 public:
  bool make(const HuffmanSpec& spec);

  std::array<std::uint16_t, 1 << kDcBits> entries;
  LongCodes codes;
};

}  // namespace penstock::image
