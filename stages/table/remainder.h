// The remainder of a division by a number that stays the same, without the division.
#pragma once

#include <cstdint>

namespace penstock::table {

/// n % d by three multiplications: D. Lemire, O. Kaser, N. Kurz, "Faster remainder by direct computation", 2019, with F = 128 bits, exact for every 64-bit n and d >= 1.
class Remainder {
 public:
  explicit Remainder(uint64_t d = 1) : d_(d), inverse_(d == 1 ? 0 : ~Wide{0} / d + 1) {}
  uint64_t of(uint64_t n) const {
    const Wide low = inverse_ * n;  // the fraction of n / d, in 128 bits
    const Wide bottom = (static_cast<Wide>(static_cast<uint64_t>(low)) * d_) >> 64;
    return static_cast<uint64_t>((static_cast<Wide>(static_cast<uint64_t>(low >> 64)) * d_ + bottom) >> 64);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  uint64_t d_;
  Wide inverse_;
};

}  // namespace penstock::table
