#include "io/table/csv/date_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

constexpr int64_t kDay = 86400;
constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes things off the front of a text.
class Taker {
 public:
  explicit Taker(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (next() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// `least` to `most` digits.
  bool number(size_t least, size_t most, int& out) {
    size_t n = 0;
    out = 0;
    for (; n < most && n < rest_.size() && is_digit(rest_[n]); ++n) out = out * 10 + (rest_[n] - '0');
    rest_.remove_prefix(n);
    return n >= least;
  }
  bool month(int& out) {
    for (size_t m = 0; m < kMonths.size(); ++m)
      for (const size_t letters : {kMonths[m].size(), size_t{3}}) {
        if (!begins_with(kMonths[m].substr(0, letters))) continue;
        rest_.remove_prefix(letters);
        out = static_cast<int>(m + 1);
        return true;
      }
    return false;
  }
  bool fraction() {
    if (!take('.') && !take(',')) return true;
    const size_t before = rest_.size();
    while (is_digit(next())) rest_.remove_prefix(1);
    return rest_.size() < before;
  }
  /// Seconds east of Greenwich.
  bool offset(int& out) {
    out = 0;
    if (take('Z') || take('z')) return true;
    const int sign = next() == '-' ? -1 : 1;
    int hours = 0, minutes = 0;
    if ((!take('-') && !take('+')) || !number(2, 2, hours)) return false;
    take(':');
    if (is_digit(next()) && !number(2, 2, minutes)) return false;
    out = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
  }

 private:
  bool begins_with(std::string_view lower) const {
    return rest_.size() >= lower.size() &&
           std::equal(lower.begin(), lower.end(), rest_.begin(), [](char a, char b) { return a == (b | ('a' - 'A')); });
  }
  std::string_view rest_;
};

}  // namespace

struct DateFormat::Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset = 0;
  bool has_time = false;

  bool days(int64_t& out) const {
    const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day)));
    if (year < 1 || year > 9999 || !date.ok()) return false;
    out = std::chrono::sys_days(date).time_since_epoch().count();
    return true;
  }
  bool seconds(int64_t& out) const {
    if (!days(out) || hour > 23 || minute > 59 || second > 60) return false;  // 60: a leap second
    out = out * kDay + hour * 3600 + minute * 60 + second - offset;
    return true;
  }
};

DateFormat::DateFormat(const std::string& format) {
  std::string fields;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || (i + 1 < format.size() && format[i + 1] == '%')) {
      steps_.insert(steps_.end(), {'\0', format[i]});
      i += format[i] == '%' ? 1 : 0;
      continue;
    }
    const char letter = ++i < format.size() ? format[i] : ' ';
    std::string meant(1, letter == 'B' ? 'b' : letter);
    if (letter == 'F') meant = std::string("Y\0-m\0-d", 7);
    if (letter == 'T') meant = std::string("H\0:M\0:S", 7);
    if (meant.size() == 1 && std::string_view("YymdHMSbz").find(meant[0]) == std::string_view::npos)
      throw Error(Code::kUsage, "the format '" + format + "' has '%" + std::string(1, letter) + "', which is not known")
          .hint("known are %Y %y %m %d %H %M %S %b %B %z %F %T");
    steps_.insert(steps_.end(), meant.begin(), meant.end());
    fields += meant;
  }
  const auto has = [&](const char* letters) { return fields.find_first_of(letters) != std::string::npos; };
  if (!format.empty() && !(has("Yy") && has("mb") && has("d")))
    throw Error(Code::kUsage, "the format '" + format + "' says no year, month and day").hint("write \"%Y-%m-%d\"");
}

bool DateFormat::parse_iso(std::string_view text, Parts& out) const {
  Taker t(text);
  if (!t.number(4, 4, out.year) || !t.take('-') || !t.number(1, 2, out.month) || !t.take('-') ||
      !t.number(1, 2, out.day))
    return false;
  if (t.done()) return true;
  out.has_time = true;
  if ((!t.take('T') && !t.take(' ')) || !t.number(1, 2, out.hour) || !t.take(':') || !t.number(2, 2, out.minute))
    return false;
  if (t.take(':') && (!t.number(2, 2, out.second) || !t.fraction())) return false;
  return t.done() || (t.offset(out.offset) && t.done());
}

bool DateFormat::parse(std::string_view text, Parts& out) const {
  if (steps_.empty()) return parse_iso(text, out);
  Taker t(text);
  for (size_t i = 0; i < steps_.size(); ++i) {
    bool good = false;
    switch (steps_[i]) {
      case '\0': good = t.take(steps_[++i]); break;
      case 'Y': good = t.number(4, 4, out.year); break;
      case 'y':
        good = t.number(2, 2, out.year);
        out.year += out.year < 69 ? 2000 : 1900;
        break;
      case 'm': good = t.number(1, 2, out.month); break;
      case 'b': good = t.month(out.month); break;
      case 'd': good = t.number(1, 2, out.day); break;
      case 'H': good = t.number(1, 2, out.hour); break;
      case 'M': good = t.number(1, 2, out.minute); break;
      case 'S': good = t.number(1, 2, out.second) && t.fraction(); break;
      case 'z': good = t.offset(out.offset); break;
    }
    if (!good) return false;
    if (steps_[i] == 'H') out.has_time = true;
  }
  return t.done();
}

bool DateFormat::date(std::string_view text, int64_t& days) const {
  Parts parts;
  int64_t found = 0;
  if (!parse(text, parts) || parts.has_time || !parts.days(found)) return false;
  days = found;
  return true;
}

bool DateFormat::time(std::string_view text, int64_t& seconds) const {
  Parts parts;
  int64_t found = 0;
  if (!parse(text, parts) || !parts.seconds(found)) return false;
  seconds = found;
  return true;
}

std::string date_text(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

std::string time_text(int64_t seconds) {
  const int64_t days = seconds / kDay - (seconds % kDay < 0 ? 1 : 0);
  const int rest = static_cast<int>(seconds - days * kDay);
  char text[32];
  std::snprintf(text, sizeof text, "T%02d:%02d:%02d", rest / 3600, rest / 60 % 60, rest % 60);
  return date_text(days) + text;
}

}  // namespace penstock::io
