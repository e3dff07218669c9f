// XXH3-64: the one checksum of Penstock, on disk and in digests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace penstock::io {

/// XXH3-64 of `bytes` (seed 0; github.com/Cyan4973/xxHash, version 0.8). The same on every machine.
uint64_t checksum(std::span<const std::byte> bytes);
uint64_t checksum(std::string_view text);
/// The same with a seed: another function for each.
uint64_t checksum(std::string_view text, uint64_t seed);

/// out[i] = checksum(texts[i], seed), for many short texts.
void checksums(std::span<const std::string_view> texts, uint64_t seed, uint64_t* out);

/// The same over bytes that come in parts. One thread; copies not, moves.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;

  Checksum& add(std::span<const std::byte> bytes);
  Checksum& add(std::string_view text);
  /// Adds the eight bytes of `value`, little-endian.
  Checksum& add(uint64_t value);
  /// Of all that was added so far; more may be added after.
  uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 16 lower-case hex digits, and back (nothing when it is not that).
std::string hex(uint64_t value);
std::optional<uint64_t> from_hex(std::string_view text);

}  // namespace penstock::io
