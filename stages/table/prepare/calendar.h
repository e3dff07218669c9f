// Days, ISO weeks and the parts of a date that features are made of. Proleptic Gregorian, no time zones.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock::table {

/// Years that dates may lie in; what is outside counts as out of range.
inline constexpr int64_t kFirstYear = 1, kLastYear = 9999;
inline constexpr int64_t kSecondsOfDay = 86400;

/// Days since 1970-01-01; nothing where there is no such day or its year is out of range.
std::optional<int64_t> days_of(int64_t year, int64_t month, int64_t day);
/// Day `weekday` (1 = Monday ... 7) of ISO 8601 week `week`; nothing where the year has no such week.
std::optional<int64_t> days_of_week(int64_t year, int64_t week, int64_t weekday);
/// "2015-07-31", or such with a time behind it, 'T' or a space between. Nothing for everything else.
std::optional<int64_t> parse_days(std::string_view text);
/// "2015-07-31 12:30:00" or with 'T', seconds and time may be left out: seconds since 1970.
std::optional<int64_t> parse_seconds(std::string_view text);

enum class DatePart {
  kYear,
  kQuarter,    ///< 1 to 4
  kMonth,      ///< 1 to 12
  kWeek,       ///< of ISO 8601, 1 to 53
  kDay,        ///< of the month
  kDayOfWeek,  ///< Monday is 0
  kDayOfYear,  ///< from 1
  kMonthStart,
  kMonthEnd,
  kQuarterStart,
  kQuarterEnd,
  kYearStart,
  kYearEnd,
  kElapsed,     ///< days since 1970; of a time, seconds
  kWeekMonday,  ///< the date on which its week began, where weeks begin on Mondays
  kWeekSunday,
  kHour,
  kMinute,
};

/// What kind of value a part has.
enum class PartType { kNumber, kFlag, kDate };
PartType type_of(DatePart part);

/// Of the day `days` and the second of it. Nothing where its year is out of range.
std::optional<int64_t> part_of(DatePart part, int64_t days, int64_t second);

}  // namespace penstock::table
