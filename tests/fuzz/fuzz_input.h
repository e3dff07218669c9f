// Numbers out of a fuzzer's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace penstock::fuzz {

/// Takes from the end of the input, so that what a format begins with stays in its place.
class Numbers {
 public:
  Numbers(const std::uint8_t* data, std::size_t size) : data_(data, size) {}
  /// In [0, n); 0 where nothing is left.
  int below(int n) {
    std::uint32_t value = 0;
    for (int i = 0; i < 2 && !data_.empty(); ++i) {
      value = value << 8 | data_.back();
      data_ = data_.first(data_.size() - 1);
    }
    return static_cast<int>(value % static_cast<std::uint32_t>(n));
  }

 private:
  std::span<const std::uint8_t> data_;
};

/// What may not be, is a crash: the fuzzer keeps the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace penstock::fuzz
