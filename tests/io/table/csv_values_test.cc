#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "io/table/csv/cell_values.h"
#include "io/table/csv/date_text.h"
#include "tests/io/table/csv_text.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using test::decoded;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string int_text(const std::string& cell) {
  const std::string padded = cell + "99999999";  // what lies behind a cell is not part of it
  int64_t value = 0;
  return parse_int(padded.data(), padded.data() + cell.size(), value) ? std::to_string(value) : "none";
}

TEST(ParseInt, ReadsAllLengthsAndRefusesTheRest) {
  for (const char* same : {"0", "7", "-7", "12", "123456", "1234567", "12345678", "123456789", "-12345678",
                           "9223372036854775807", "-9223372036854775808"})
    EXPECT_EQ(int_text(same), same);
  EXPECT_EQ(int_text("-0"), "0");
  EXPECT_EQ(int_text("007"), "7");
  for (const char* none : {"", "-", "+1", "1.0", "1e3", "9223372036854775808", "1 ", " 1", "--1", "1/2", "1:2", "0x1",
                           "-12345678a", "1\xB9", "12345678:"})
    EXPECT_EQ(int_text(none), "none") << none;
}

TEST(ParseInt, RefusesEveryByteThatIsNoDigitInEveryPlace) {
  for (int c = 0; c < 256; ++c)
    for (size_t length = 1; length <= 8; ++length)
      for (size_t at = 0; at < length; ++at) {
        std::string cell(length, '5');
        cell[at] = static_cast<char>(c);
        const bool good = (c >= '0' && c <= '9') || (c == '-' && at == 0 && length > 1);
        ASSERT_EQ(int_text(cell) != "none", good) << cell;
      }
}

TEST(ParseReal, GivesTheBitsOfStrtod) {
  std::mt19937_64 random(4);
  const auto check = [](const std::string& text) {
    double value = 0;
    ASSERT_TRUE(parse_real(text, value)) << text;
    const double wanted = std::strtod(text.c_str(), nullptr);
    ASSERT_EQ(std::memcmp(&value, &wanted, sizeof value), 0) << text << " " << value;
  };
  for (const char* text : {"0",
                           "-0",
                           "1",
                           "1.5",
                           ".5",
                           "5.",
                           "-.25",
                           "1e5",
                           "1E-5",
                           "1e+22",
                           "1e23",
                           "9007199254740993",
                           "123456789012345678901234567890",
                           "0.1",
                           "2.2250738585072011e-308",
                           "5e-324",
                           "1e-400",
                           "-1e-400",
                           "1e400",
                           "-1e400",
                           "0e999999",
                           "1e99999999999999999999",
                           "1e-99999999999999999999",
                           "0.00000000000000000000000000000000000001",
                           "17976931348623157e292"})
    check(text);
  for (int i = 0; i < 200000; ++i) {
    char text[64];
    const double value = std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 200) - 150);
    std::snprintf(text, sizeof text, i % 2 == 0 ? "%.*g" : "%.*f", static_cast<int>(random() % 18) + 1, value);
    check(text);
  }
}

// Whatever lies behind the cell.
void expect_short_as_long(const std::string& cell) {
  for (const char* behind : {"00000000", ".......5", ",1e5----"}) {
    const std::string padded = cell + behind;
    double fast = -77, plain = -77;
    const bool is = parse_short_real(padded.data(), padded.data() + cell.size(), fast);
    ASSERT_EQ(is, parse_real(cell, plain)) << cell;
    ASSERT_TRUE(!is || std::memcmp(&fast, &plain, sizeof fast) == 0) << cell << " " << fast << " " << plain;
  }
}

TEST(ParseReal, IsTheSameForShortCells) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 300000; ++i) {
    std::string cell(random() % 11, '0');
    for (char& c : cell) c = "0123456789012345678901234567890....-eE+nx"[random() % (i % 2 == 0 ? 32 : 41)];
    ASSERT_NO_FATAL_FAILURE(expect_short_as_long(cell));
  }
  for (int c = 0; c < 256; ++c)
    for (size_t length = 1; length <= 8; ++length)
      for (size_t at = 0; at < length; ++at) {
        std::string cell = std::string("-12.34567").substr(c % 2, length);
        cell[std::min(at, cell.size() - 1)] = static_cast<char>(c);
        ASSERT_NO_FATAL_FAILURE(expect_short_as_long(cell));
      }
}

TEST(ParseReal, RefusesWhatIsNone) {
  double value = 0;
  for (const char* text : {"", "-", ".", "-.", "e5", "1e", "1e+", "1.2.3", "1,5", "0x10", "nan(1)", "infinite", "--1",
                           "+1", "1 ", "1e5x", "12345678901234567890123x"})
    EXPECT_FALSE(parse_real(text, value)) << text;
  EXPECT_TRUE(parse_real("-INF", value) && value == -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(parse_real("Infinity", value) && std::isinf(value));
  EXPECT_TRUE(parse_real("NaN", value) && std::isnan(value));
}

TEST(DateFormat, KnowsTheCalendar) {
  const DateFormat iso("");
  int64_t value = 0;
  EXPECT_TRUE(iso.date("1970-01-01", value) && value == 0);
  EXPECT_TRUE(iso.date("2000-02-29", value) && value == 11016);
  EXPECT_TRUE(iso.date("1969-12-31", value) && value == -1);
  for (const char* none : {"2015-02-29", "2015-13-01", "2015-00-01", "0000-00-00", "15-01-01", "2015-1", "2015-01-01x",
                           "2015-01-01 10:00", "2015/01/01", ""})
    EXPECT_FALSE(iso.date(none, value)) << none;
}

TEST(DateFormat, ReadsTimes) {
  const DateFormat iso("");
  int64_t value = 0;
  for (const char* text :
       {"2015-06-18T14:05:09", "2015-06-18 14:05:09", "2015-06-18 14:05:09.75", "2015-06-18T14:05:09Z",
        "2015-06-18T16:05:09+02:00", "2015-06-18T16:05:09+0200", "2015-06-18T09:05:09-05"}) {
    EXPECT_TRUE(iso.time(text, value)) << text;
    EXPECT_EQ(time_text(value), "2015-06-18T14:05:09") << text;
  }
  EXPECT_TRUE(iso.time("2015-06-18", value));
  EXPECT_EQ(time_text(value), "2015-06-18T00:00:00");
  EXPECT_TRUE(iso.time("1969-12-31 23:59", value) && value == -60);
  for (const char* none :
       {"2015-06-18 24:00", "2015-06-18 14", "2015-06-18 14:60", "2015-06-18 14:05:09.", "2015-06-18 14:05+25:00"})
    EXPECT_FALSE(iso.time(none, value)) << none;
}

TEST(DateFormat, ReadsByItsFormat) {
  const auto day = [](const char* format, const char* text) {
    int64_t value = 0;
    return DateFormat(format).date(text, value) ? date_text(value) : "none";
  };
  EXPECT_EQ(day("%d.%m.%Y", "18.6.2015"), "2015-06-18");
  EXPECT_EQ(day("%m/%d/%y", "06/18/15"), "2015-06-18");
  EXPECT_EQ(day("%m/%d/%y", "06/18/70"), "1970-06-18");
  EXPECT_EQ(day("%d %b %Y", "18 Jun 2015"), "2015-06-18");
  EXPECT_EQ(day("%B %d, %Y", "June 18, 2015"), "2015-06-18");
  EXPECT_EQ(day("%F", "2015-06-18"), "2015-06-18");
  EXPECT_EQ(day("%d%%%m%%%Y", "18%06%2015"), "2015-06-18");
  EXPECT_EQ(day("%d.%m.%Y", "18.6.15"), "none");
  EXPECT_EQ(day("%d.%m.%Y", "31.4.2015"), "none");
  int64_t value = 0;
  EXPECT_TRUE(DateFormat("%d/%m/%Y %T %z").time("18/06/2015 16:05:09 +02:00", value));
  EXPECT_EQ(time_text(value), "2015-06-18T14:05:09");
  EXPECT_THAT(error_of([] { DateFormat("%Y-%q-%d"); }), HasSubstr("has '%q', which is not known"));
  EXPECT_THAT(error_of([] { DateFormat("%Y-%m"); }), HasSubstr("no year, month and day"));
  EXPECT_THAT(error_of([] { DateFormat("%Y-%m-%d%"); }), HasSubstr("not known"));
}

TEST(CsvCells, BecomeValuesOfTheirTypes) {
  const CsvReading reading({}, TableSchema({{.name = "i", .type = ColumnType::kInt},
                                            {.name = "r", .type = ColumnType::kReal},
                                            {.name = "b", .type = ColumnType::kBool},
                                            {.name = "d", .type = ColumnType::kDate},
                                            {.name = "t", .type = ColumnType::kTime, .format = "%d.%m.%Y %H:%M"}}));
  EXPECT_THAT(decoded(reading,
                      "1,2.5,true,1970-01-02,02.01.1970 00:01\n"
                      " -12 , 1e3 ,F,\"1970-01-03\",NA\n"
                      "?,nan,,NULL,\n"
                      "\"\",-NaN,x,1970-01-01,01.01.1970 00:00\n"),
              ElementsAre("1|2.500000|1|1|86460", "-12|1000.000000|0|2|-", "-|-|-|-|-",
                          "BAD t.csv line 4, column 'b': 'x' is no bool"));
}

TEST(CsvCells, TakeTheMissingSpellingsThatAreStated) {
  CsvDialect dialect;
  dialect.missing = {"-999", "none", "1900-01-01"};
  const CsvReading reading(dialect, TableSchema({{.name = "i", .type = ColumnType::kInt},
                                                 {.name = "r", .type = ColumnType::kReal},
                                                 {.name = "t"},
                                                 {.name = "d", .type = ColumnType::kDate}}));
  EXPECT_THAT(decoded(reading, "-999,-999,none,1900-01-01\n5,-999.0,,1900-01-02\n,1,a,1900-01-02\n"),
              ElementsAre("-|-|-|-", "5|-999.000000||-25566", "BAD t.csv line 3, column 'i': '' is no int"));
}

TEST(CsvCells, OnlyWantedColumnsAreRead) {
  const CsvReading reading({}, TableSchema({{.name = "a", .type = ColumnType::kInt}, {.name = "b"}, {.name = "c"}}));
  const std::vector<size_t> columns = {2, 1};
  const CsvRows rows(reading, test::text_of_string("no int,b,c\n1,d,\n"), {.file = &test::kTextName, .count = 2},
                     columns);
  TableBlock block;
  rows.decode(0, 2, block);
  EXPECT_THAT(test::shown(block), ElementsAre("c|b", "-|d"));
  EXPECT_TRUE(block.columns[1].missing.empty());
}

}  // namespace
}  // namespace penstock::io
