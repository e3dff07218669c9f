// Philox4x32-10: the counter-based generator under every random choice of Penstock.
// Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011. A function, not a stream: the
// same counter and key give the same four words on any thread, in any order, on any machine.
#pragma once

#include <array>
#include <cstdint>

namespace penstock {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

/// Four random words for one counter under one key. No state, no failure; about 10 ns.
constexpr PhiloxCounter philox4x32(PhiloxCounter c, PhiloxKey k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9;  // golden ratio
    k[1] += 0xBB67AE85;  // sqrt(3) - 1
  }
  return c;
}

constexpr uint32_t low_word(uint64_t v) { return static_cast<uint32_t>(v); }
constexpr uint32_t high_word(uint64_t v) { return static_cast<uint32_t>(v >> 32); }
constexpr PhiloxKey philox_key(uint64_t key) { return {low_word(key), high_word(key)}; }

/// What a derived key is for. Keys of two purposes never meet, whatever the other numbers are.
enum class Purpose : uint32_t { kDraws = 1, kFullShuffle, kBlockShuffle, kGroupShuffle, kReplacement };

/// A 64-bit key made of (seed, a, b, purpose): the two-level keys of draws.h and epoch_plan.h.
constexpr uint64_t derive_key(uint64_t seed, uint64_t a, uint32_t b, Purpose purpose) {
  const PhiloxCounter w = philox4x32({low_word(a), high_word(a), b, static_cast<uint32_t>(purpose)}, philox_key(seed));
  return (uint64_t{w[1]} << 32) | w[0];
}

}  // namespace penstock
