#include "io/table/csv/cell_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace penstock::io {
namespace {

constexpr int kExactPower = 22;                         // 10^22 is the last power of ten that a double holds exactly
constexpr uint64_t kExactMantissa = uint64_t{1} << 53;  // and every integer up to this
constexpr std::array<double, kExactPower + 1> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool equal_folded(std::string_view cell, std::string_view lower) {
  return cell.size() == lower.size() && std::equal(cell.begin(), cell.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
         });
}

// The rare ones: many digits, large exponents, words.
bool parse_any_real(std::string_view cell, double& out) {
  const std::string_view word = cell.starts_with('-') ? cell.substr(1) : cell;
  if (word.empty()) return false;
  const double sign = cell.starts_with('-') ? -1 : 1;
  if (equal_folded(word, "inf") || equal_folded(word, "infinity")) {
    out = sign * std::numeric_limits<double>::infinity();
    return true;
  }
  if (equal_folded(word, "nan")) {
    out = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if ((word[0] < '0' || word[0] > '9') && word[0] != '.') return false;  // from_chars knows nan(...)
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), out);
  if (end != cell.data() + cell.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) {
    // Too large or too small: by the place of the first digit that is not zero.
    const size_t e = word.find_first_of("eE"), point = std::min(word.find('.'), std::min(e, word.size()));
    const size_t digit = word.find_first_of("123456789");
    long power = 0;
    if (e != std::string_view::npos) {
      const char* from =
          word.data() + e + (word.substr(e).starts_with("e+") || word.substr(e).starts_with("E+") ? 2 : 1);
      if (std::from_chars(from, word.data() + word.size(), power).ec == std::errc::result_out_of_range)
        power = *from == '-' ? std::numeric_limits<int>::min() : std::numeric_limits<int>::max();
    }
    power += static_cast<long>(point) - static_cast<long>(digit);
    out = sign * (power > 0 ? std::numeric_limits<double>::infinity() : 0.0);
  }
  return true;
}

}  // namespace

bool parse_long_int(std::string_view cell, int64_t& out) {
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), out);
  return error == std::errc() && end == cell.data() + cell.size() && !cell.empty();
}

bool parse_real(std::string_view cell, double& out) {
  const char *at = cell.data(), *const end = at + cell.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  uint64_t mantissa = 0;
  int digits = 0, power = 0;
  const auto take = [&] {
    const char* from = at;
    for (; at != end && *at >= '0' && *at <= '9'; ++at) mantissa = mantissa * 10 + static_cast<uint64_t>(*at - '0');
    return static_cast<int>(std::min<ptrdiff_t>(at - from, 1000));
  };
  digits = take();
  if (at != end && *at == '.') {
    ++at;
    power = -take();
    digits -= power;
  }
  if (digits == 0 || digits > 19) return parse_any_real(cell, out);
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    const bool below = at != end && *at == '-';
    if (below || (at != end && *at == '+')) ++at;
    int exponent = 0, places = 0;
    for (; at != end && *at >= '0' && *at <= '9' && places < 4; ++at, ++places) exponent = exponent * 10 + (*at - '0');
    if (places == 0) return false;
    power += below ? -exponent : exponent;
  }
  if (at != end || mantissa > kExactMantissa || power > kExactPower || power < -kExactPower)
    return parse_any_real(cell, out);
  // Both are exact, so that one operation rounds once: W. Clinger, How to Read Floating Point Numbers Accurately, 1990.
  const auto whole = static_cast<double>(mantissa);
  const double value =
      power < 0 ? whole / kPowers[static_cast<size_t>(-power)] : whole * kPowers[static_cast<size_t>(power)];
  out = negative ? -value : value;
  return true;
}

bool parse_comma_real(std::string_view cell, double& out) {
  std::array<char, 64> plain;  // longer ones are no numbers that people write
  if (cell.size() > plain.size()) return false;
  const size_t comma = std::min(cell.find(','), cell.size());
  if (cell.substr(comma).find('.') != std::string_view::npos) return false;
  size_t used = 0, group = 0;
  bool grouped = false;
  for (size_t i = 0; i < cell.size(); ++i) {
    if (cell[i] == '.') {
      if (grouped ? group != 3 : group == 0 || group > 3) return false;
      grouped = true;
      group = 0;
      continue;
    }
    if (i == comma && grouped && group != 3) return false;
    const bool digit = cell[i] >= '0' && cell[i] <= '9';
    if (grouped && i < comma && !digit) return false;  // 1.23e4
    if (digit) ++group;
    plain[used++] = i == comma ? '.' : cell[i];
  }
  if (comma == cell.size() && grouped && group != 3) return false;
  return parse_real({plain.data(), used}, out);
}

bool parse_bool(std::string_view cell, int64_t& out) {
  constexpr std::array<std::string_view, 10> kWords = {"false", "true", "0", "1", "no", "yes", "f", "t", "n", "y"};
  for (size_t i = 0; i < kWords.size(); ++i) {
    if (!equal_folded(cell, kWords[i])) continue;
    out = static_cast<int64_t>(i % 2);
    return true;
  }
  return false;
}

std::string_view trimmed(std::string_view cell) {
  while (!cell.empty() && (cell.front() == ' ' || cell.front() == '\t')) cell.remove_prefix(1);
  while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\t')) cell.remove_suffix(1);
  return cell;
}

}  // namespace penstock::io
