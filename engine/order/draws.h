// The random draws of one stage on one record.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/order/philox.h"

namespace penstock {

/// The number that stands for a stage id (or for the `draw` name that several stages share). FNV-1a, 32 bits; part of
/// what a run's bytes depend on, so it never changes.
constexpr uint32_t draw_key(std::string_view stage_id) {
  uint32_t hash = 2166136261u;
  for (const char c : stage_id) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return hash;
}

/// A short private stream of random numbers, a pure function of (seed, epoch, record, stage key, attempt): equal on
/// every thread, in every run, after every resume. `attempt` counts the replacements of a slot (0: none).
///
/// Packing: key = derive_key(seed, epoch, attempt, kDraws), counter = {block, stage key, record low, record high}; so
/// one stream has 2^34 words before it repeats, and no two streams share a block.
///
/// Construction costs nothing (the first draw makes the key and four words); a copy goes on from the same place.
/// Not for two threads at once. All results are made of integer arithmetic and of +, -, *, / and sqrt on doubles, which
/// IEEE 754 fixes, and never of libm, whose last bit depends on the CPU.
class Draws {
 public:
  Draws(uint64_t seed, uint64_t epoch, uint64_t record, uint32_t stage_key, uint32_t attempt = 0)
      : seed_(seed), epoch_(epoch), record_(record), stage_key_(stage_key), attempt_(attempt) {}

  uint32_t next_u32() {
    if (left_ == 0) refill();
    return words_[4 - left_--];
  }
  /// Two words, the first one low.
  uint64_t next_u64() {
    const uint64_t low = next_u32();
    return low | (uint64_t{next_u32()} << 32);
  }
  /// In [0, 1), 53 bits, two words.
  double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }
  /// In [lo, hi); lo where lo == hi.
  double uniform(double lo, double hi) { return lo + (hi - lo) * uniform(); }
  /// In [0, n), without bias (Lemire 2019, "Fast random integer generation in an interval"). n > 0.
  uint64_t below(uint64_t n);
  /// Mean 0, deviation 1: the inverse of the distribution function (Wichura 1988, AS 241), two words a number.
  double normal();
  /// True with probability p: never for p <= 0, always for p >= 1. Two words, whatever p is.
  bool bernoulli(double p) { return uniform() < p; }

 private:
  void refill();

  uint64_t seed_, epoch_, record_;
  uint32_t stage_key_, attempt_;
  uint32_t block_ = 0;
  uint32_t left_ = 0;
  bool keyed_ = false;
  PhiloxKey key_{};
  PhiloxCounter words_{};
};

}  // namespace penstock
