// Steps on single rows: joins, dates, texts, numbers; and what is wrong with the input.
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/table/prepare/prepare.h"
#include "tests/support/memory_table.h"

namespace penstock::table {
namespace {

using io::ColumnType;
using test::MemoryTable;
using testing::ElementsAre;
using testing::HasSubstr;

PrepareStep step(std::string kind, ParamMap params) { return {.kind = std::move(kind), .params = std::move(params)}; }

using Rows = std::vector<std::vector<std::string>>;

std::unique_ptr<MemoryTable> table_of(std::vector<io::ColumnSpec> specs, const Rows& rows) {
  auto table = std::make_unique<MemoryTable>(io::TableSchema(std::move(specs)), MemoryTable::Options{.piece_rows = 2});
  for (const auto& row : rows) table->add(row);
  return table;
}

// Files by name, each opened anew.
struct Files {
  std::map<std::string, std::function<std::unique_ptr<MemoryTable>()>> made;
  PrepareOptions options() const {
    return {.open = [this](const std::string& path) { return made.at(path)(); }};
  }
};

std::string cell(const io::ColumnBlock& column, size_t row) {
  if (missing_at(column, row)) return "-";
  if (column.type == ColumnType::kText) return std::string(column.text(row));
  if (column.type != ColumnType::kReal) return std::to_string(column.ints[row]);
  std::string text = std::to_string(column.reals[row]);
  return text.substr(0, text.find('.') + 3);
}

struct Result {
  std::map<std::string, std::vector<std::string>> columns;
  PrepareReport report;
};

Result prepared(const io::Table& table, const PrepareSpec& spec, PrepareOptions options = {}) {
  Preparation preparation(spec, table, std::move(options));
  Result result;
  for (const auto& column : preparation.schema().columns()) result.columns[column.name];
  result.report = preparation.run([&](const io::TableBlock& block) {
    for (size_t c = 0; c < block.columns.size(); ++c)
      for (size_t row = 0; row < block.rows; ++row)
        result.columns[preparation.schema().columns()[c].name].push_back(cell(block.columns[c], row));
  });
  return result;
}

template <class Body>
std::string error_of(const Body& body) {
  try {
    body();
  } catch (const Error& e) { return e.what(); }
  return "nothing was thrown";
}

TEST(PrepareRows, AJoinCountsKeysThatComeTwiceOrNever) {
  const std::string here = PENSTOCK_SOURCE_DIR "/CMakeLists.txt";  // any file that is there
  Files files;
  files.made[here] = [] {
    return table_of({{"store", ColumnType::kInt}, {"kind", ColumnType::kText}, {"size", ColumnType::kReal}},
                    {{"1", "a", "1.5"}, {"2", "b", ""}, {"1", "c", "9"}, {"", "d", "4"}});
  };
  const auto table = table_of({{"Store", ColumnType::kInt}}, {{"2"}, {"1"}, {"7"}, {""}, {"1"}});
  const auto join = [&](std::string twice, std::string never) {
    return PrepareSpec{
        .steps = {step("join", {{"file", here}, {"on", "Store = store"}, {"twice", twice}, {"never", never}})}};
  };
  const Result first = prepared(*table, join("first", "missing"), files.options());
  EXPECT_THAT(first.columns.at("kind"), ElementsAre("b", "a", "-", "-", "a"));
  EXPECT_THAT(first.columns.at("size"), ElementsAre("-", "1.50", "-", "-", "1.50"));
  EXPECT_EQ(first.report.steps[0].never, 2U);
  EXPECT_EQ(first.report.steps[0].twice, 1U);
  const Result last = prepared(*table, join("last", "drop"), files.options());
  EXPECT_THAT(last.columns.at("kind"), ElementsAre("b", "c", "c"));
  EXPECT_EQ(last.report.rows_out, 3U);
  EXPECT_THAT(error_of([&] { prepared(*table, join("fail", "missing"), files.options()); }),
              HasSubstr("store = 1 comes twice, in rows 1 and 3 (the first is 1)"));
  EXPECT_THAT(error_of([&] { prepared(*table, join("first", "fail"), files.options()); }),
              HasSubstr("row 3 of the table (the first is 1; Store = store: 7) has no partner"));
  PrepareOptions small = files.options();
  small.join_bytes = 100;
  EXPECT_THAT(error_of([&] { prepared(*table, join("first", "missing"), small); }), HasSubstr("takes more than 100 B"));
  const auto texts = table_of({{"Store", ColumnType::kText}}, {{"2"}});
  EXPECT_THAT(error_of([&] { prepared(*texts, join("first", "missing"), files.options()); }),
              HasSubstr("which is text in the table, and 'store', which is int"));
  PrepareSpec nowhere = join("first", "missing");
  nowhere.steps[0].params["file"] = Value("no-such.csv");
  PrepareOptions options = files.options();
  options.folders = {PENSTOCK_SOURCE_DIR, "the recipe in " PENSTOCK_SOURCE_DIR, PENSTOCK_SOURCE_DIR, "."};
  EXPECT_THAT(error_of([&] { prepared(*table, nowhere, options); }),
              HasSubstr("finds no file 'no-such.csv': there is no '" PENSTOCK_SOURCE_DIR
                        "/no-such.csv' and no 'no-such.csv'\n"));
}

TEST(PrepareRows, PartsOfDatesAreThoseOfTheCalendar) {
  // 2012-12-31 (Monday, ISO week 1 of 2013), 2016-01-03 (Sunday, week 53 of 2015), 2012-02-29, and one out of range.
  const auto table = table_of({{"d", ColumnType::kDate}}, {{"15705"}, {"16803"}, {"15399"}, {"99999999"}, {""}});
  const PrepareSpec spec{.steps = {step("date", {{"column", "d"},
                                                 {"parts",
                                                  {"year", "week", "dayofweek", "dayofyear", "month-end", "year-end",
                                                   "quarter-start", "week-sunday"}}})}};
  const Result result = prepared(*table, spec);
  EXPECT_THAT(result.columns.at("d_year"), ElementsAre("2012", "2016", "2012", "-", "-"));
  EXPECT_EQ(result.report.steps[0].text(),
            "step 1 (date) of 'd_year' and 7 more: 1 value out of range, and so missing");
  EXPECT_THAT(result.columns.at("d_week"), ElementsAre("1", "53", "9", "-", "-"));
  EXPECT_THAT(result.columns.at("d_dayofweek"), ElementsAre("0", "6", "2", "-", "-"));
  EXPECT_THAT(result.columns.at("d_dayofyear"), ElementsAre("366", "3", "60", "-", "-"));
  EXPECT_THAT(result.columns.at("d_month_end"), ElementsAre("1", "0", "1", "-", "-"));
  EXPECT_THAT(result.columns.at("d_year_end"), ElementsAre("1", "0", "0", "-", "-"));
  EXPECT_THAT(result.columns.at("d_week_sunday"), ElementsAre("15704", "16803", "15396", "-", "-"));
  EXPECT_EQ(result.report.steps[0].outside, 1U);
}

TEST(PrepareRows, TextsInOtherFormsAreCountedOrRefused) {
  const auto table =
      table_of({{"t", ColumnType::kText}}, {{"2015-07-31 - 2015-08-06"}, {"31.07.2015"}, {""}, {"2015-02-30"}});
  PrepareSpec spec{.steps = {step("text", {{"column", "t"}, {"name", "d"}, {"first", 10}, {"as", "date"}})}};
  const Result result = prepared(*table, spec);
  EXPECT_THAT(result.columns.at("d"), ElementsAre("16647", "-", "-", "-"));
  EXPECT_EQ(result.report.steps[0].unreadable, 2U);
  spec.steps[0].params["unreadable"] = Value("fail");
  EXPECT_THAT(error_of([&] { prepared(*table, spec); }),
              HasSubstr("'31.07.2015' in column 't', row 2 (the first is 1)"));
}

TEST(PrepareRows, YearsWeeksAndListsBecomeDaysAndFlags) {
  const auto table = table_of(
      {{"year", ColumnType::kInt}, {"week", ColumnType::kInt}, {"months", ColumnType::kText}, {"m", ColumnType::kInt}},
      {{"2010", "13", "Jan,Apr", "4"}, {"2011", "53", "Jan,Apr", "2"}, {"", "1", "", "1"}});
  const Result result = prepared(
      *table,
      {.steps = {step("make-date", {{"name", "d"}, {"year", "year"}, {"week", "week"}}),
                 step("in-list",
                      {{"name", "in"}, {"column", "m"}, {"list", "months"}, {"words", {"Jan", "Feb", "Mar", "Apr"}}}),
                 step("bucket", {{"name", "b"}, {"column", "week"}, {"edges", {2, 13, 50}}})}});
  EXPECT_THAT(result.columns.at("d"), ElementsAre("14697", "-", "-"));  // 2010-03-29; 2011 has 52 weeks
  EXPECT_THAT(result.columns.at("in"), ElementsAre("1", "0", "0"));
  EXPECT_THAT(result.columns.at("b"), ElementsAre("2", "3", "0"));
  EXPECT_EQ(result.report.steps[0].outside, 1U);
}

TEST(PrepareRows, WhereLeavesOutAndCountsAndRowsToPredictAllStay) {
  const auto table =
      table_of({{"a", ColumnType::kInt}, {"b", ColumnType::kReal}}, {{"1", "2"}, {"0", "5"}, {"1", ""}, {"1", "0"}});
  const PrepareSpec spec{.where = {"a = 1", "b > 0"}, .keep = {"b"}};
  const Result result = prepared(*table, spec, {.row_column = "row"});
  EXPECT_THAT(result.columns.at("row"), ElementsAre("0"));
  EXPECT_THAT(result.report.where_dropped, ElementsAre(1U, 2U));
  const auto fresh = table_of({{"a", ColumnType::kInt}}, {{"0"}, {"1"}});
  EXPECT_EQ(prepared(*fresh, spec, {.target = "b", .filter = false}).report.rows_out, 2U);
  EXPECT_THAT(error_of([&] { prepared(*table, {.where = {"a ~ 1"}}); }), HasSubstr("is no comparison"));
  EXPECT_THAT(error_of([&] { prepared(*table, {.where = {"a > x"}}); }), HasSubstr("is no int"));
  EXPECT_THAT(error_of([&] { prepared(*table, {.where = {"c > 1"}}); }), HasSubstr("'c'"));
}

TEST(PrepareRows, NamesThatComeTwiceAndStepsUnknownAreRefused) {
  const auto table = table_of({{"a", ColumnType::kInt}}, {});
  EXPECT_EQ(prepared(*table, {}).report.rows_out, 0U);
  EXPECT_THAT(error_of([&] {
                prepared(*table, {.steps = {step("compute", {{"name", "a"}, {"left", "a"}, {"op", "abs"}})}});
              }),
              HasSubstr("makes a column 'a', and there is one already"));
  EXPECT_THAT(error_of([&] { prepared(*table, {.steps = {step("rollin", {})}}); }), HasSubstr("'rolling'"));
  EXPECT_THAT(error_of([&] { prepared(*table, {.steps = {step("bucket", {{"colum", "a"}})}}); }), HasSubstr("column"));
}

}  // namespace
}  // namespace penstock::table
