#include "engine/order/permutation.h"

#include <cmath>

#include "engine/base/error.h"
#include "engine/order/philox.h"

namespace penstock {
namespace {

__extension__ using Wide = unsigned __int128;

/// A number in [0, size) that looks as if drawn for (side, key): murmur3's finaliser, then the high half of a product.
inline uint64_t round_value(uint64_t side, uint64_t key, uint64_t size) {
  uint64_t h = side ^ key;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdull;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ull;
  h ^= h >> 33;
  return static_cast<uint64_t>((Wide{h} * size) >> 64);
}

uint64_t root_rounded_up(uint64_t n) {
  uint64_t root = static_cast<uint64_t>(std::sqrt(static_cast<double>(n)));
  while (root * root < n) ++root;
  while (root > 1 && (root - 1) * (root - 1) >= n) --root;
  return root;
}

}  // namespace

Permutation::Permutation(uint64_t n, uint64_t key, uint64_t stream) : n_(n) {
  PENSTOCK_CHECK(n >= 1 && n <= (uint64_t{1} << 63));
  a_ = root_rounded_up(n);
  b_ = (n + a_ - 1) / a_;
  for (uint32_t i = 0; i < kRounds / 2; ++i) {
    const PhiloxCounter w = philox4x32({low_word(stream), high_word(stream), i, 0}, philox_key(key));
    keys_[2 * i] = (uint64_t{w[1]} << 32) | w[0];
    keys_[2 * i + 1] = (uint64_t{w[3]} << 32) | w[2];
  }
}

uint64_t Permutation::at(uint64_t position) const {
  PENSTOCK_CHECK(position < n_);
  uint64_t left = position / b_;
  uint64_t right = position % b_;
  do {
    for (int i = 0; i < kRounds; i += 2) {
      left += round_value(right, keys_[i], a_);
      left -= left >= a_ ? a_ : 0;
      right += round_value(left, keys_[i + 1], b_);
      right -= right >= b_ ? b_ : 0;
    }
  } while (left * b_ + right >= n_);
  return left * b_ + right;
}

uint64_t Permutation::position_of(uint64_t value) const {
  PENSTOCK_CHECK(value < n_);
  uint64_t left = value / b_;
  uint64_t right = value % b_;
  do {
    for (int i = kRounds - 2; i >= 0; i -= 2) {
      const uint64_t r = round_value(left, keys_[i + 1], b_);
      right = right >= r ? right - r : right + b_ - r;
      const uint64_t l = round_value(right, keys_[i], a_);
      left = left >= l ? left - l : left + a_ - l;
    }
  } while (left * b_ + right >= n_);
  return left * b_ + right;
}

}  // namespace penstock
