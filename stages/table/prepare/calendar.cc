#include "stages/table/prepare/calendar.h"

#include <charconv>
#include <chrono>

namespace penstock::table {
namespace {

namespace time = std::chrono;

time::sys_days at(int64_t days) { return time::sys_days(time::days(days)); }

int64_t count(time::sys_days day) { return day.time_since_epoch().count(); }

int64_t first_of(int64_t year) {
  return count(time::year(static_cast<int>(year)) / time::January / time::day(1));
}

// 0 is a Monday: 1970-01-01 was a Thursday.
int64_t weekday_of(int64_t days) { return ((days + 3) % 7 + 7) % 7; }

// The Monday of week 1: the week that holds the 4th of January.
int64_t first_monday(int64_t year) {
  const int64_t fourth = first_of(year) + 3;
  return fourth - weekday_of(fourth);
}

int64_t iso_week(int64_t year, int64_t days) {
  if (days >= first_monday(year + 1)) return 1;
  const int64_t begin = days < first_monday(year) ? first_monday(year - 1) : first_monday(year);
  return (days - begin) / 7 + 1;
}

std::optional<int64_t> digits(std::string_view text, size_t from, size_t count) {
  if (text.size() < from + count) return {};
  int64_t value = 0;
  for (const char c : text.substr(from, count)) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<int64_t> days_of(int64_t year, int64_t month, int64_t day) {
  if (year < kFirstYear || year > kLastYear || month < 1 || month > 12 || day < 1 || day > 31) return {};
  const time::year_month_day date(time::year(static_cast<int>(year)), time::month(static_cast<unsigned>(month)),
                                  time::day(static_cast<unsigned>(day)));
  if (!date.ok()) return {};
  return count(time::sys_days(date));
}

std::optional<int64_t> days_of_week(int64_t year, int64_t week, int64_t weekday) {
  if (year < kFirstYear || year > kLastYear || week < 1 || week > 53 || weekday < 1 || weekday > 7) return {};
  const int64_t monday = first_monday(year) + (week - 1) * 7;
  if (monday >= first_monday(year + 1)) return {};
  return monday + weekday - 1;
}

std::optional<int64_t> parse_days(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return {};
  if (text.size() > 10 && text[10] != ' ' && text[10] != 'T') return {};
  return days_of(*year, *month, *day);
}

std::optional<int64_t> parse_seconds(std::string_view text) {
  const auto days = parse_days(text);
  if (!days || text.size() == 10) return days ? std::optional(*days * kSecondsOfDay) : std::nullopt;
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2);
  const auto second = text.size() == 16 ? std::optional<int64_t>(0) : digits(text, 17, 2);
  const bool right_size = text.size() == 16 || (text.size() == 19 && text[16] == ':');
  if (!right_size || !hour || !minute || !second || text[13] != ':') return {};
  if (*hour > 23 || *minute > 59 || *second > 59) return {};
  return *days * kSecondsOfDay + *hour * 3600 + *minute * 60 + *second;
}

PartType type_of(DatePart part) {
  switch (part) {
    case DatePart::kMonthStart:
    case DatePart::kMonthEnd:
    case DatePart::kQuarterStart:
    case DatePart::kQuarterEnd:
    case DatePart::kYearStart:
    case DatePart::kYearEnd: return PartType::kFlag;
    case DatePart::kWeekMonday:
    case DatePart::kWeekSunday: return PartType::kDate;
    default: return PartType::kNumber;
  }
}

std::optional<int64_t> part_of(DatePart part, int64_t days, int64_t second) {
  static const int64_t low = first_of(kFirstYear), high = first_of(kLastYear + 1);
  if (days < low || days >= high) return {};
  const time::year_month_day date(at(days));
  const int64_t year = static_cast<int>(date.year());
  const int64_t month = static_cast<unsigned>(date.month());
  const int64_t day = static_cast<unsigned>(date.day());
  const bool last_day = time::year_month_day(at(days + 1)).month() != date.month();
  switch (part) {
    case DatePart::kYear: return year;
    case DatePart::kQuarter: return (month + 2) / 3;
    case DatePart::kMonth: return month;
    case DatePart::kWeek: return iso_week(year, days);
    case DatePart::kDay: return day;
    case DatePart::kDayOfWeek: return weekday_of(days);
    case DatePart::kDayOfYear: return days - first_of(year) + 1;
    case DatePart::kMonthStart: return day == 1;
    case DatePart::kMonthEnd: return last_day;
    case DatePart::kQuarterStart: return day == 1 && month % 3 == 1;
    case DatePart::kQuarterEnd: return last_day && month % 3 == 0;
    case DatePart::kYearStart: return day == 1 && month == 1;
    case DatePart::kYearEnd: return last_day && month == 12;
    case DatePart::kElapsed: return days;
    case DatePart::kWeekMonday: return days - weekday_of(days);
    case DatePart::kWeekSunday: return days - (weekday_of(days) + 1) % 7;
    case DatePart::kHour: return second / 3600;
    case DatePart::kMinute: return second / 60 % 60;
  }
  return {};
}

}  // namespace penstock::table
