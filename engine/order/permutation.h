// A shuffle that needs no memory.
#pragma once

#include <array>
#include <cstdint>

namespace penstock {

/// A keyed bijection of [0, n): what a shuffle of n records is, computed for one position at a time, so that an epoch
/// of any size can be entered anywhere at no cost.
///
/// A Feistel network over a x b >= n, a and b both about sqrt(n) (Black, Rogaway: "Ciphers with Arbitrary Finite
/// Domains", 2002: the sides are added modulo a and b instead of xor-ed), walked on while the result lies outside
/// [0, n). Since a*b - n < a, that is once in sqrt(n) times: one evaluation is 8 rounds, about 25 ns.
///
/// Construction makes the round keys (about 60 ns). Immutable: safe from any thread.
class Permutation {
 public:
  /// 1 <= n <= 2^63. Each (key, stream) is another permutation.
  Permutation(uint64_t n, uint64_t key, uint64_t stream = 0);

  uint64_t size() const { return n_; }
  /// The value at a position < n.
  uint64_t at(uint64_t position) const;
  /// The position < n at which a value < n stands: position_of(at(p)) == p.
  uint64_t position_of(uint64_t value) const;

 private:
  static constexpr int kRounds = 8;

  uint64_t n_;
  uint64_t a_;  ///< left side: [0, a)
  uint64_t b_;  ///< right side: [0, b); x = left * b + right
  std::array<uint64_t, kRounds> keys_;
};

}  // namespace penstock
