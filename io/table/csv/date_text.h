// Dates and times in text, by a format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::io {

/// A format as strptime(3) writes it, without its locale: %Y (four digits), %y (69 .. 99: 19xx, 00 .. 68: 20xx), %m, %d, %H, %M, %S (one or two digits; fractions behind
/// a point are cut off), %b and %B (English months), %z (Z, +hh:mm, +hhmm, +hh), %F (%Y-%m-%d), %T (%H:%M:%S), %%. Anything else stands for itself. Const members are thread-safe.
class DateFormat {
 public:
  /// "" is ISO 8601: "2015-06-18", behind it for times 'T' or a blank, "14:05", "14:05:09", "14:05:09.25", then nothing (UTC), Z or an offset. Throws Error kUsage for a % that it does not know, and for
  /// a format without year, month and day.
  explicit DateFormat(const std::string& format);

  /// Days since 1970-01-01. False where the text is no such date or the calendar has none (2015-02-30); years 1 to 9999. A time behind the date is no date.
  bool date(std::string_view text, int64_t& days) const;
  /// Seconds since 1970-01-01 00:00 UTC. A date without a time is its midnight where the format is ISO 8601.
  bool time(std::string_view text, int64_t& seconds) const;

 private:
  struct Parts;
  bool parse(std::string_view text, Parts& out) const;
  bool parse_iso(std::string_view text, Parts& out) const;

  std::vector<char> steps_;  ///< a letter for a field, 0 and a character for itself
};

/// "2015-06-18"; "2015-06-18T14:05:09".
std::string date_text(int64_t days);
std::string time_text(int64_t seconds);

}  // namespace penstock::io
