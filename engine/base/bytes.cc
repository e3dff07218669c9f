#include "engine/base/bytes.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace penstock {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr double kKiB = 1024.0;
constexpr std::array<Unit, 17> kByteUnits = {{{"", 1},
                                              {"b", 1},
                                              {"k", kKiB},
                                              {"kib", kKiB},
                                              {"kb", 1e3},
                                              {"m", kKiB* kKiB},
                                              {"mib", kKiB* kKiB},
                                              {"mb", 1e6},
                                              {"g", kKiB* kKiB* kKiB},
                                              {"gib", kKiB* kKiB* kKiB},
                                              {"gb", 1e9},
                                              {"t", kKiB* kKiB* kKiB* kKiB},
                                              {"tib", kKiB* kKiB* kKiB* kKiB},
                                              {"tb", 1e12},
                                              {"bytes", 1},
                                              {"byte", 1},
                                              {"ki", kKiB}}};
constexpr std::array<Unit, 11> kTimeUnits = {{{"ms", 1e-3},
                                              {"s", 1},
                                              {"sec", 1},
                                              {"m", 60},
                                              {"min", 60},
                                              {"h", 3600},
                                              {"hour", 3600},
                                              {"hours", 3600},
                                              {"d", 86400},
                                              {"day", 86400},
                                              {"days", 86400}}};

void skip_spaces(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

/// Takes a number and the unit after it from the front of `text`; nothing when there is none.
template <size_t N>
std::optional<double> take(std::string_view& text, const std::array<Unit, N>& units) {
  skip_spaces(text);
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (fault != std::errc{} || !std::isfinite(number) || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  skip_spaces(text);
  std::string name;
  while (!text.empty() && std::isalpha(static_cast<unsigned char>(text.front()))) {
    name += static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
    text.remove_prefix(1);
  }
  skip_spaces(text);
  for (const Unit& unit : units) {
    if (unit.name == name) return number * unit.factor;
  }
  return std::nullopt;
}

std::string format(const char* pattern, double value) {
  std::array<char, 64> buffer;
  std::snprintf(buffer.data(), buffer.size(), pattern, value);
  return buffer.data();
}

std::string three_figures(double value) {
  if (value >= 99.95) return format("%.0f", value);
  return value >= 9.995 ? format("%.1f", value) : format("%.2f", value);
}

std::string two_units(int64_t big, const char* big_name, int64_t small, const char* small_name) {
  std::array<char, 64> buffer;
  std::snprintf(buffer.data(), buffer.size(), "%lld %s %02lld %s", static_cast<long long>(big), big_name,
                static_cast<long long>(small), small_name);
  return buffer.data();
}

}  // namespace

std::optional<ByteSize> parse_bytes(std::string_view text) {
  const std::optional<double> bytes = take(text, kByteUnits);
  if (!bytes || !text.empty() || *bytes >= 9.2e18) return std::nullopt;
  return ByteSize{static_cast<uint64_t>(std::llround(*bytes))};
}

std::optional<Duration> parse_duration(std::string_view text) {
  Duration total;
  do {
    const std::optional<double> part = take(text, kTimeUnits);
    if (!part) return std::nullopt;
    total.seconds += *part;
  } while (!text.empty());
  return total;
}

std::optional<Share> parse_share(std::string_view text) {
  skip_spaces(text);
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  skip_spaces(text);
  if (text != "%" || !(number >= 0 && number <= 100)) return std::nullopt;
  return Share{number / 100};
}

std::string exact_text(ByteSize size) {
  constexpr std::array<const char*, 5> kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  uint64_t count = size.bytes;
  while (count != 0 && count % 1024 == 0 && unit + 1 < kNames.size()) {
    count /= 1024;
    ++unit;
  }
  return std::to_string(count) + kNames[unit];
}

std::string exact_text(Duration duration) {
  int64_t rest = std::llround(duration.seconds * 1000);
  if (rest <= 0) return "0s";
  std::string text;
  const auto part = [&](int64_t milliseconds, const char* name) {
    if (rest >= milliseconds) text += std::to_string(rest / milliseconds) + name;
    rest %= milliseconds;
  };
  part(86400000, "d");
  part(3600000, "h");
  part(60000, "min");
  part(1000, "s");
  part(1, "ms");
  return text;
}

std::string exact_text(Share share) {
  std::array<char, 40> buffer;
  // The shortest text that reads back equal: dividing by 100 rounds, so try from few figures up.
  for (int figures = 1; figures <= 17; ++figures) {
    std::snprintf(buffer.data(), buffer.size(), "%.*g%%", figures, share.of_one * 100);
    const std::optional<Share> back = parse_share(buffer.data());
    if (back && *back == share) break;
  }
  return buffer.data();
}

std::string bytes_text(uint64_t bytes) {
  constexpr std::array<const char*, 5> kNames = {" B", " KiB", " MiB", " GiB", " TiB"};
  size_t unit = 0;
  double count = static_cast<double>(bytes);
  while (count >= 1023.5 && unit + 1 < kNames.size()) {
    count /= 1024;
    ++unit;
  }
  return (unit == 0 ? std::to_string(bytes) : three_figures(count)) + kNames[unit];
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 59.95) return three_figures(seconds) + " s";
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) return two_units(whole / 60, "min", whole % 60, "s");
  if (whole < 86400) return two_units(whole / 3600, "h", whole % 3600 / 60, "min");
  return two_units(whole / 86400, "d", whole % 86400 / 3600, "h");
}

std::string rate_text(double per_second, std::string_view what) {
  return three_figures(per_second) + " " + std::string(what) + "/s";
}

std::string byte_rate_text(double bytes_per_second) {
  if (!(bytes_per_second > 0)) return "0 B/s";
  return bytes_text(static_cast<uint64_t>(std::llround(bytes_per_second))) + "/s";
}

std::string percent_text(double of_one) {
  const double percent = of_one * 100;
  return (percent >= 9.95 ? format("%.0f", percent) : format("%.2g", percent)) + " %";
}

}  // namespace penstock
