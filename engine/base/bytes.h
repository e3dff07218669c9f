// Sizes, durations and shares as people write them, and as people like to read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// A size in bytes that recipes write as "512MiB" (or as a plain number of bytes).
struct ByteSize {
  uint64_t bytes = 0;
  friend bool operator==(const ByteSize&, const ByteSize&) = default;
};

/// A length of time that recipes write as "10min", "11h" or "1h30min".
struct Duration {
  double seconds = 0;
  friend bool operator==(const Duration&, const Duration&) = default;
};

/// A share in [0, 1] that recipes write as "0.1%" (or as a number, 0.001).
struct Share {
  double of_one = 0;
  friend bool operator==(const Share&, const Share&) = default;
};

// NOLINTBEGIN: 2_GiB reads better than 2u << 30
constexpr uint64_t operator""_KiB(unsigned long long n) { return static_cast<uint64_t>(n) << 10; }
constexpr uint64_t operator""_MiB(unsigned long long n) { return static_cast<uint64_t>(n) << 20; }
constexpr uint64_t operator""_GiB(unsigned long long n) { return static_cast<uint64_t>(n) << 30; }
// NOLINTEND

/// "512MiB", "2 GiB", "1.5GB", "4096", "64k": units B, K/KiB, M/MiB, G/GiB, T/TiB of 1024 and kB, MB, GB, TB of 1000,
/// in any case. Nothing when the text is no size or more than 2^63 - 1 bytes.
std::optional<ByteSize> parse_bytes(std::string_view text);
/// "250ms", "10s", "10min", "11h", "2d", "1h30min", "1h 30min". Nothing when the text is no duration or lacks a unit.
std::optional<Duration> parse_duration(std::string_view text);
/// "0.1%", "50 %". Nothing when the text is no share, or lies outside [0 %, 100 %].
std::optional<Share> parse_share(std::string_view text);

/// Exact, for recipes: the largest unit that leaves an integer: "2GiB", "1536MiB", "4097B". Reads back equal.
std::string exact_text(ByteSize size);
/// Exact, for recipes: "10min", "1h30min", "250ms". Reads back equal to the millisecond.
std::string exact_text(Duration duration);
/// For recipes: "0.1%". Reads back equal, or in the last bit unequal where no percentage does (1/3).
std::string exact_text(Share share);

/// For people, three figures: "1.95 GiB", "512 MiB", "17 B".
std::string bytes_text(uint64_t bytes);
/// For people: "0.25 s", "42.1 s", "3 min 05 s", "1 h 05 min", "2 d 03 h". Negative or not finite: "?".
std::string duration_text(double seconds);
/// For people: "1234 images/s", "0.52 images/s".
std::string rate_text(double per_second, std::string_view what);
/// For people: "198 MiB/s".
std::string byte_rate_text(double bytes_per_second);
/// For people: "97 %", "0.13 %".
std::string percent_text(double of_one);

}  // namespace penstock
