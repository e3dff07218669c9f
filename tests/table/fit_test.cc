// Fitting: what is learnt is what the rows say, the same on any number of threads and for any form of the rows; what cannot be learnt from is refused.
#include <algorithm>
#include <array>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/table/fitter.h"
#include "stages/table/fixed_log.h"
#include "stages/table/quantiles.h"
#include "tests/io/temp_folder.h"
#include "tests/table/made_table.h"

namespace penstock::table {
namespace {

using io::ColumnType;
using io::error_of;
using test::made_spec;
using test::made_table;
using test::MemoryTable;
using testing::Contains;
using testing::HasSubstr;

FitResult fit_all(const io::Table& table, const TableSpec& spec, unsigned threads = 1, FitOptions options = {}) {
  Cores cores(threads);
  Budgets budgets;
  return fit(table, RowSet::all(table.rows()), spec, cores, budgets, options);
}

std::unique_ptr<MemoryTable> table_of(io::TableSchema schema, const std::vector<std::vector<std::string>>& rows) {
  auto table = std::make_unique<MemoryTable>(std::move(schema));
  for (const auto& row : rows) table->add(row);
  return table;
}

TEST(Fit, CountsCategoriesByHowOftenTheyComeThenByText) {
  const auto table = table_of(io::TableSchema({{"City", ColumnType::kText}, {"y", ColumnType::kReal}}),
                              {{"b", "1"}, {"a", "2"}, {"c", "3"}, {"b", "4"}, {"a", "5"}, {"", "6"}, {"b", "7"}});
  TableSpec spec{.target = "y", .categories = {"City"}};
  const Fitted fitted = fit_all(*table, spec).fitted;
  ASSERT_EQ(fitted.categories.size(), 1u);
  const CategoryFit& city = fitted.categories[0];
  EXPECT_EQ(city.values, (std::vector<CountedValue>{{"b", 3}, {"a", 2}}));  // c came once only
  EXPECT_EQ(city.missing, 1u);
  EXPECT_EQ(city.rare, 1u);
  EXPECT_EQ(city.distinct, 3u);
  EXPECT_EQ(city.cardinality(), 3);
  spec.rare = 1;
  spec.most = 1;
  EXPECT_EQ(fit_all(*table, spec).fitted.categories[0].values, (std::vector<CountedValue>{{"b", 3}}));
}

TEST(Fit, NumbersHaveTheMeanDeviationAndMedianOfTheirRows) {
  const uint64_t rows = 100000;
  MemoryTable table(io::TableSchema({{"x", ColumnType::kReal}, {"y", ColumnType::kReal}}), {.piece_rows = 777});
  std::vector<double> values;
  double sum = 0;
  for (uint64_t row = 0; row < rows; ++row) {
    Draws draws(3, 0, row, 0);
    values.push_back(draws.normal() * 10 + 1e6);
    sum += values.back();
    char text[64];
    std::snprintf(text, sizeof text, "%.17g", values.back());
    table.add({text, std::to_string(row % 7)});
  }
  const double mean = sum / static_cast<double>(rows);
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  const NumberFit x = fit_all(table, {.target = "y", .numbers = {"x"}}).fitted.numbers[0];
  EXPECT_NEAR(x.mean, mean, 1e-6);
  EXPECT_NEAR(x.deviation, std::sqrt(square / static_cast<double>(rows)), 1e-6);
  // The sketch's bound in ranks.
  std::sort(values.begin(), values.end());
  const auto rank = std::lower_bound(values.begin(), values.end(), x.median) - values.begin();
  EXPECT_NEAR(static_cast<double>(rank), 50000, 100000.0 * 5 / 8192 + 1);
}

TEST(Quantiles, AreExactWhenFewAndWithinTheirBoundWhenMany) {
  Quantiles few;
  for (int i = 0; i < 101; ++i) few.add((i * 37) % 101);
  const std::array<double, 5> shares = {0, 0.25, 0.5, 0.755, 1};
  EXPECT_THAT(few.at(shares), testing::ElementsAre(0, 25, 50, testing::DoubleNear(75.5, 1e-9), 100));
  EXPECT_EQ(few.error(), 0u);
  for (const bool ascending : {true, false}) {
    Quantiles sum;
    const uint64_t n = 1000000;
    for (uint64_t part = 0; part < 10; ++part) {
      Quantiles one;
      for (uint64_t i = 0; i < n / 10; ++i) {
        const uint64_t at = part * (n / 10) + i;
        one.add(static_cast<double>(ascending ? at : (at * 611953) % n));
      }
      sum.merge(one);
    }
    EXPECT_EQ(sum.count(), n);
    EXPECT_LT(sum.bytes(), 2u << 20);
    for (const double share : {0.01, 0.3, 0.5, 0.9, 0.999}) {
      const std::array<double, 1> one = {share};
      EXPECT_NEAR(sum.at(one)[0], share * static_cast<double>(n), static_cast<double>(sum.error())) << share;
    }
  }
}

TEST(FixedLog, AgreesWithLibmToAFewUnitsInTheLastPlace) {
  for (uint64_t i = 0; i < 100000; ++i) {
    Draws draws(1, 0, i, 0);
    const double x = std::exp(draws.uniform(-600, 600));
    EXPECT_NEAR(fixed_log(x), std::log(x), 2 * std::fabs(std::nextafter(std::log(x), 1e300) - std::log(x))) << x;
    const double y = std::exp(draws.uniform(-40, 40)) * (i % 2 == 0 ? 1 : -1);
    EXPECT_NEAR(signed_log1p(y), std::copysign(std::log1p(std::fabs(y)), y), 1e-15 * std::log1p(std::fabs(y))) << y;
  }
  EXPECT_EQ(signed_log1p(0), 0);
  EXPECT_EQ(fixed_log(1), 0);
}

TEST(Fit, IsTheSameForAnyThreadsWindowAndFormOfTheRows) {
  const std::string wanted = to_text(fit_all(*made_table(150000), made_spec()).fitted);
  EXPECT_EQ(to_text(fit_all(*made_table(150000), made_spec(), 4).fitted), wanted);
  EXPECT_EQ(to_text(fit_all(*made_table(150000, {.piece_rows = 70000}), made_spec(), 3, {.window_bytes = 1}).fitted),
            wanted);
  EXPECT_EQ(to_text(fit_all(*made_table(150000, {.piece_rows = 1001, .dictionary = true}), made_spec(), 2).fitted),
            wanted);
  EXPECT_EQ(to_text(fit_all(*made_table(150000, {.piece_rows = 5003, .dictionaries = true}), made_spec(), 2).fitted),
            wanted);
}

TEST(Fit, LooksAtNothingButTheTrainingRows) {
  const auto whole = made_table(3000);
  MemoryTable part(test::made_schema());
  const RowSet::Run runs[] = {{0, 700}, {900, 2000}};
  auto spec = made_spec();
  spec.means.clear();  // their folds go by the number of the row
  Cores cores(2);
  Budgets budgets;
  const Fitted fitted = fit(*whole, RowSet(runs), spec, cores, budgets).fitted;
  EXPECT_EQ(fitted.rows, 1800u);
  auto other = made_table(3000);
  for (uint64_t row = 700; row < 900; ++row) other->bad[row] = "not to be looked at";
  for (uint64_t row = 2000; row < 3000; ++row) other->bad[row] = "not to be looked at";
  Fitted all = fit_all(*other, spec).fitted;
  EXPECT_EQ(to_text(all), to_text(fitted));
}

TEST(Fit, RestIsLookedAtWhenItIsToBe) {
  auto spec = made_spec();
  spec.rest = Rest::kFail;
  const auto table = made_table(200);
  EXPECT_THAT(error_of([&] { fit_all(*table, spec); }), HasSubstr("no list of [table] names: 'Comment on the row'"));
  spec = {.target = "Sales", .ignore = {"Comment*"}, .rest = Rest::kAuto};
  const Fitted fitted = fit_all(*table, spec).fitted;
  EXPECT_THAT(fitted.cat_names(), testing::ElementsAre("City", "Open", "Store"));  // Store has 12 values, Visits many
  EXPECT_THAT(fitted.cont_names(),
              testing::ElementsAre("Day", "Price", "Visits", "Price is missing", "Visits is missing"));
}

TEST(Fit, PatternsNameFrequenciesToo) {
  MemoryTable table(io::TableSchema(
      {{"a1", ColumnType::kText}, {"a2", ColumnType::kText}, {"a3", ColumnType::kText}, {"ay", ColumnType::kReal}}));
  for (int i = 0; i < 12; ++i) table.add({i % 3 == 0 ? "x" : "y", std::to_string(i % 2), "z", std::to_string(i % 5)});
  TableSpec spec{.target = "ay", .ignore = {"a3"}, .rest = Rest::kFail, .frequency = {"a2", "a*"}};
  const Fitted fitted = fit_all(table, spec).fitted;
  EXPECT_THAT(fitted.cat_names(), testing::IsEmpty());
  EXPECT_THAT(fitted.cont_names(), testing::ElementsAre("frequency of a2", "frequency of a1"));
  spec.frequency = {"b*"};
  EXPECT_THAT(error_of([&] { fit_all(table, spec); }), HasSubstr("no column fits the pattern 'b*' of table.frequency"));
}

TEST(Fit, RefusesWhatNobodyCanLearnFrom) {
  const io::TableSchema schema({{"x", ColumnType::kReal}, {"c", ColumnType::kText}, {"y", ColumnType::kReal}});
  const TableSpec spec{.target = "y", .numbers = {"x"}};
  const auto refused = [&](const std::vector<std::vector<std::string>>& rows, TableSpec with) {
    return error_of([&] { fit_all(*table_of(schema, rows), with); });
  };
  EXPECT_THAT(refused({}, spec), HasSubstr("data: 'memory' has no training row"));
  EXPECT_THAT(refused({{"1", "a", "5"}}, spec), HasSubstr("is the same in all 1 training rows"));
  EXPECT_THAT(refused({{"1", "a", "5"}, {"2", "a", "5"}}, spec), HasSubstr("there is nothing to learn"));
  EXPECT_THAT(refused({{"1", "a", ""}, {"2", "a", "inf"}}, spec),
              HasSubstr("no training row of 'memory' has a target"));
  TableSpec with = spec;
  with.target_log = TargetLog::kLog;
  EXPECT_THAT(refused({{"1", "a", "0"}, {"2", "a", "-4"}}, with), HasSubstr("is 0, which has no logarithm"));
  with = spec;
  with.task = Task::kBinary;
  EXPECT_THAT(refused({{"1", "a", "3"}, {"2", "a", "4"}}, with), HasSubstr("is 3, neither 0 nor 1"));
  with.target = "c";
  EXPECT_THAT(refused({{"1", "a", "3"}, {"2", "b", "4"}}, with), HasSubstr("positive = "));
  with.positive = "z";
  EXPECT_THAT(refused({{"1", "a", "3"}, {"2", "b", "4"}}, with), HasSubstr("column 'c' has 'a', 'b'"));
  with = spec;
  with.numbers = {"c"};
  EXPECT_THAT(refused({{"1", "a", "3"}}, with), HasSubstr("column 'c' is text and is to be a number"));
  with.numbers = {"xx"};
  EXPECT_THAT(refused({{"1", "a", "3"}}, with), HasSubstr("table.numbers asks for a column 'xx'"));
  with.numbers = {"q*"};
  EXPECT_THAT(refused({{"1", "a", "3"}}, with), HasSubstr("no column fits the pattern 'q*'"));
  with.numbers = {"x", "y"};
  EXPECT_THAT(refused({{"1", "a", "3"}}, with), HasSubstr("the target 'y' is named among the features"));
  with.numbers = {"x"};
  with.categories = {"x"};
  EXPECT_THAT(refused({{"1", "a", "3"}}, with), HasSubstr("is in table.categories and in table.numbers"));
}

TEST(Fit, CountsTargetsThatCannotBeLearntAndInfinities) {
  auto table = made_table(1000);
  table->bad[5] = "line 6 has 3 cells";
  MemoryTable odd(io::TableSchema({{"x", ColumnType::kReal}, {"y", ColumnType::kReal}}));
  for (int i = 0; i < 100; ++i) odd.add({i == 3 ? "inf" : std::to_string(i), i < 10 ? "" : std::to_string(i % 3)});
  const FitResult result = fit_all(odd, {.target = "y", .numbers = {"x"}});
  EXPECT_EQ(result.fitted.rows, 90u);
  EXPECT_EQ(result.fitted.target.refused, 10u);
  EXPECT_THAT(result.warnings, Contains(HasSubstr("10 training rows have no target")));
  const FitResult made = fit_all(*table, made_spec());
  EXPECT_EQ(made.fitted.rows, 999u);
  EXPECT_GT(made.fitted.numbers[0].infinite, 0u);
  EXPECT_THAT(made.warnings, Contains(HasSubstr("infinite values in the training rows")));
  EXPECT_THAT(made.warnings, Contains(HasSubstr("1 training row cannot be read")));
}

TEST(Fit, NamesFeaturesThatGiveTheTargetAway) {
  MemoryTable table(io::TableSchema({{"same", ColumnType::kReal},
                                     {"twice", ColumnType::kReal},
                                     {"tells", ColumnType::kText},
                                     {"not", ColumnType::kText},
                                     {"noise", ColumnType::kReal},
                                     {"y", ColumnType::kReal}}));
  for (uint64_t i = 0; i < 500; ++i) {
    Draws draws(1, 0, i, 0);
    const std::string y = std::to_string(1 + i % 10), noise = std::to_string(draws.uniform());
    table.add({y, std::to_string(2 * (1 + i % 10) + 3), "t" + y, "n" + std::to_string(i % 7), noise, y});
  }
  TableSpec spec{.target = "y", .target_log = TargetLog::kLog};
  spec.numbers = {"same", "noise"};
  spec.categories = {"tells", "not"};
  const auto warnings = fit_all(table, spec).warnings;
  EXPECT_THAT(warnings, Contains(HasSubstr("column 'same' equals the target 'y'")));
  EXPECT_THAT(warnings, Contains(HasSubstr("each value of column 'tells' has one target")));
  EXPECT_THAT(warnings, testing::Not(Contains(HasSubstr("'not'"))));
  EXPECT_THAT(warnings, testing::Not(Contains(HasSubstr("'noise'"))));
  spec.target_log = TargetLog::kNone;
  spec.numbers = {"twice"};
  EXPECT_THAT(fit_all(table, spec).warnings, Contains(HasSubstr("column 'twice' moves with the target")));
}

TEST(Fit, HashesOpenVocabulariesAndSaysHowManyShareABucket) {
  MemoryTable table(io::TableSchema({{"id", ColumnType::kText}, {"y", ColumnType::kReal}}), {.piece_rows = 5000});
  for (uint64_t i = 0; i < 20000; ++i) table.add({"user " + std::to_string(i), std::to_string(i % 3)});
  TableSpec spec{.target = "y", .categories = {"id"}};
  spec.columns = {{.name = "id", .buckets = 10000}};
  const FitResult result = fit_all(table, spec);
  const CategoryFit& id = result.fitted.categories[0];
  EXPECT_NEAR(static_cast<double>(id.distinct), 20000, 600);
  // 20000 values in 10000 buckets take 10000 (1 - e^-2) of them.
  EXPECT_NEAR(static_cast<double>(id.shared), 20000 - 10000 * (1 - std::exp(-2.0)), 700);
  EXPECT_EQ(id.cardinality(), 10001);
  EXPECT_THAT(result.warnings, Contains(HasSubstr("are hashed into 10000 buckets")));
  spec.columns.clear();
  EXPECT_THAT(error_of([&] { fit_all(table, spec, 1, {.vocabulary_bytes = 100000}); }),
              HasSubstr("most of it column 'id'"));
}

TEST(Fit, ChargesVocabulariesToTheBudgetAndNamesTheColumnsThatDoNotFit) {
  MemoryTable table(io::TableSchema({{"id", ColumnType::kText}, {"few", ColumnType::kText}, {"y", ColumnType::kReal}}),
                    {.piece_rows = 1000});
  for (uint64_t i = 0; i < 100000; ++i)
    table.add({"user " + std::to_string(i), std::to_string(i % 9), std::to_string(i % 3)});
  const TableSpec spec{.target = "y", .categories = {"id", "few"}};
  Cores cores(2);
  Budgets roomy(Need::ram(uint64_t{64} << 20));
  const Fitted fitted = fit(table, RowSet::all(table.rows()), spec, cores, roomy).fitted;
  EXPECT_EQ(to_text(fitted), to_text(fit_all(table, spec).fitted));
  // More than 24 bytes a value and the window, and all of it given back.
  EXPECT_GT(roomy.peak(Tier::kRam), 100000u * 24 + 3 * 64000);
  EXPECT_EQ(roomy.used(Tier::kRam), 0u);
  Budgets small(Need::ram(uint64_t{2} << 20));
  const std::string error = error_of([&] { fit(table, RowSet::all(table.rows()), spec, cores, small); });
  EXPECT_THAT(error, HasSubstr("take more than budget.ram has left for them"));
  EXPECT_THAT(error, HasSubstr("most of it column 'id' with"));
  EXPECT_THAT(error, HasSubstr("buckets"));
  EXPECT_EQ(small.used(Tier::kRam), 0u);
}

TEST(Fit, TakesItsWindowFromTheBudgetAndNoMore) {
  const auto table = made_table(50000, {.piece_rows = 500});
  Cores cores(2);
  const uint64_t piece = 500 * 64;
  Budgets budgets(Need::ram(9 * piece));
  const Fitted small =
      fit(*table, RowSet::all(table->rows()), made_spec(), cores, budgets, {.window_bytes = 6 * piece}).fitted;
  EXPECT_LE(budgets.peak(Tier::kRam), 9 * piece);
  EXPECT_EQ(to_text(small), to_text(fit_all(*table, made_spec()).fitted));
  Budgets none(Need::ram(piece));
  EXPECT_THAT(error_of([&] { fit(*table, RowSet::all(100), made_spec(), cores, none); }),
              HasSubstr("raise budget.ram"));
}

TEST(Fitted, ComesBackFromItsFileAndSaysWhatIsWrongWithIt) {
  auto spec = made_spec();
  spec.scale = Scale::kQuantile;
  spec.target_clip_at = {0.01, 0.99};
  const Fitted fitted = fit_all(*made_table(2000), spec).fitted;
  const io::TempFolder folder;
  write_fitted(fitted, folder / "fitted");
  const Fitted back = read_fitted(folder / "fitted");
  EXPECT_EQ(back, fitted);
  EXPECT_EQ(back.digest(), fitted.digest());
  const std::string text = to_text(fitted);
  EXPECT_THAT(error_of([&] { fitted_from_text(text.substr(0, text.size() / 2), "f"); }),
              HasSubstr("data: 'f' is no whole"));
  std::string other = text;
  other[text.size() / 3] ^= 1;
  EXPECT_THAT(error_of([&] { fitted_from_text(other, "f"); }), HasSubstr("its checksum differs"));
  other = text;
  other.replace(other.find("\t2\n"), 3, "\t7\n");
  EXPECT_THAT(error_of([&] { fitted_from_text(other, "f"); }),
              HasSubstr("version 7, and this program reads version 2"));
  EXPECT_THAT(error_of([&] { fitted_from_text("", "f"); }), HasSubstr("does not begin with"));
  EXPECT_THAT(error_of([&] { read_fitted(folder / "none"); }), HasSubstr("there is no fitted file"));
}

TEST(Fitted, NoCutOfItIsTakenForWhole) {
  const std::string text = to_text(fit_all(*made_table(60), made_spec()).fitted);
  for (size_t size = 0; size < text.size(); size += 7)
    EXPECT_NE(error_of([&] { fitted_from_text(std::string_view(text).substr(0, size), "f"); }), "") << size;
}

TEST(Fitted, NamesTheColumnsThatATableLacksOrHasInOtherTypes) {
  const Fitted fitted = fit_all(*made_table(300), made_spec()).fitted;
  auto columns = test::made_schema().columns();
  std::reverse(columns.begin(), columns.end());
  EXPECT_NO_THROW(match_columns(fitted, io::TableSchema(columns), "t"));  // reordered is fine
  columns = test::made_schema().columns();
  columns[1].name = "Citty";
  columns[0].type = ColumnType::kText;
  columns[4].type = ColumnType::kInt;   // a price without fractions
  columns[5].type = ColumnType::kReal;  // visits with some
  const std::string text = error_of([&] { match_columns(fitted, io::TableSchema(columns), "t"); });
  EXPECT_THAT(text, HasSubstr("missing 'City' (there is 'Citty')"));
  EXPECT_THAT(text, HasSubstr("'Store' is text and was int"));
  EXPECT_THAT(text, testing::Not(testing::AnyOf(HasSubstr("Price"), HasSubstr("Visits"))));
  columns = test::made_schema().columns();
  columns.pop_back();
  EXPECT_THAT(error_of([&] { match_columns(fitted, io::TableSchema(columns), "t"); }), HasSubstr("missing 'Sales'"));
  EXPECT_EQ(match_columns(fitted, io::TableSchema(columns), "t", false)[fitted.target.source], io::TableSchema::npos);
}

}  // namespace
}  // namespace penstock::table
