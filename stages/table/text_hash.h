// The hash of short texts and integers that vocabularies and groups look values up by.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace penstock::table {

/// The two halves of a 128-bit product, one over the other: all bits of both factors reach all bits of the result.
inline uint64_t fold_multiply(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// Of at most 8 bytes: the bytes, the first one lowest, and zeros. With its length it *is* the text.
inline uint64_t short_word(const char* data, size_t size) {
  uint64_t word = 0;
  if (size >= 4) {
    uint32_t low = 0, high = 0;
    std::memcpy(&low, data, 4);
    std::memcpy(&high, data + size - 4, 4);
    if (size == 4) return low;
    return low | static_cast<uint64_t>(high) << (8 * (size - 4));
  }
  for (size_t i = 0; i < size; ++i) word |= static_cast<uint64_t>(static_cast<uint8_t>(data[i])) << (8 * i);
  return word;
}

inline uint64_t hash_word(uint64_t word, size_t size) {
  return fold_multiply(word ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u ^ (size * 0xa0761d6478bd642fu));
}

inline uint64_t hash_int(int64_t value) { return hash_word(static_cast<uint64_t>(value), 8); }

/// Part of what fitted files hold (the keys of groups), so it never changes: little-endian words of 8 bytes, folded one after the other; the last word ends
/// with the text and may overlap the one before.
inline uint64_t hash_text(std::string_view text) {
  const char* data = text.data();
  const size_t size = text.size();
  if (size <= 8) return hash_word(short_word(data, size), size);
  uint64_t hash = size * 0xe7037ed1a0b428dbu;
  for (size_t at = 0; at + 8 < size; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, data + at, 8);
    hash = fold_multiply(hash ^ word, 0x8ebc6af09c88c6e3u);
  }
  uint64_t last = 0;
  std::memcpy(&last, data + size - 8, 8);
  return fold_multiply(hash ^ last, 0x589965cc75374cc3u ^ size);
}

/// The key of a group, value by value.
inline uint64_t join_hash(uint64_t group, uint64_t value) {
  return fold_multiply(group + 0x9e3779b97f4a7c15u, value ^ 0xbf58476d1ce4e5b9u);
}

}  // namespace penstock::table
