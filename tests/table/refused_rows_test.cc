// What is said of rows that are refused or not known, and what the table truly has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/table/encoded_table.h"
#include "stages/table/targets_read.h"
#include "tests/io/temp_folder.h"
#include "tests/table/runs.h"

namespace penstock::table {
namespace {

using io::ColumnType;
using test::fitted_of;
using test::MemoryTable;
using test::options_of;
using test::run;

TEST(RefusedRows, RowsWithoutATargetAreNamedByFileAndLine) {
  const io::TempFolder folder;
  std::string text = "x,what,y\n";  // a line break in quotes, a line with nothing in it: lines are not rows
  for (int i = 0; i < 40; ++i)
    text += std::to_string(i) + (i == 2 ? ",\"a\nb\"," : ",c,") + (i == 7 || i == 30 ? "" : std::to_string(i % 5)) +
            (i == 20 ? "\n\n" : "\n");
  const std::string path = folder.put("rows.csv", text);
  const std::shared_ptr<const io::Table> table = io::open_columns(path);
  const auto fitted = fitted_of(*table, {.target = "y", .numbers = {"x"}});
  for (const Order order : {Order::kSequential, Order::kFull}) {
    RunOptions options = options_of(order);
    options.epochs = 1;
    options.faults = {.on_fault = OnFault::kSkip, .budget = 10};
    EXPECT_THAT(run(EncodedTable(table, RowSet::all(40), fitted), options).reasons,
                testing::UnorderedElementsAre(path + " line 10: its target 'y' is missing",
                                              path + " line 34: its target 'y' is missing"));
  }
}

TEST(RefusedRows, WhatIsUnknownOrInfiniteIsCountedOnceHoweverOftenRowsAreRead) {
  const io::TableSchema schema({{"x", ColumnType::kReal}, {"k", ColumnType::kText}, {"y", ColumnType::kReal}});
  auto rows = std::make_shared<MemoryTable>(schema), others = std::make_shared<MemoryTable>(schema);
  for (int i = 0; i < 60; ++i) rows->add({std::to_string(i), "a", std::to_string(i % 3)});
  for (int i = 0; i < 60; ++i)
    others->add({i % 20 == 0 ? "inf" : i % 20 == 1 ? "-inf" : "1", i < 5 ? "b" : "a", std::to_string(i % 3)});
  const auto fitted = fitted_of(*rows, {.target = "y", .categories = {"k"}, .numbers = {"x"}});
  const EncodedTable data(others, RowSet::all(60), fitted);
  RunOptions options = options_of(Order::kSequential);
  options.epochs = 1;
  for (int pass = 0; pass < 3; ++pass) run(data, options);
  EXPECT_THAT(data.notes(),
              testing::ElementsAre("column 'k': 5 of 60 values read are not in the vocabulary and count as unknown",
                                   "column 'x': 6 of 60 values read are infinite and count as missing"));
}

TEST(TargetsRead, GiveBackWhatTheTableHas) {
  const io::TableSchema schema({{"x", ColumnType::kReal}, {"y", ColumnType::kInt}});
  auto table = std::make_shared<MemoryTable>(schema, MemoryTable::Options{.piece_rows = 7});
  for (int i = 0; i < 90; ++i) table->add({std::to_string(i), std::to_string(4000 + 13 * i)});
  const auto fitted = fitted_of(*table, {.target = "y", .target_log = TargetLog::kLog, .numbers = {"x"}});
  std::vector<uint64_t> odd;
  for (uint64_t row = 1; row < 90; row += 2) odd.push_back(row);
  const EncodedTable data(table, RowSet::of(odd), fitted);
  TargetsRead targets(data);
  const uint64_t fetches = table->fetches;
  for (uint64_t id = 0; id < data.size(); ++id)
    EXPECT_EQ(targets.of(id), 4000.0 + 13.0 * static_cast<double>(2 * id + 1));
  EXPECT_EQ(table->fetches - fetches, 13u);
  EXPECT_EQ(targets.of(3), 4000.0 + 13 * 7);
}

TEST(RefusedRows, SaysOfRareValuesInOneSentence) {
  std::vector<io::ColumnSpec> columns = {{"y", ColumnType::kReal}};
  for (int c = 0; c < 10; ++c) columns.push_back({"c" + std::to_string(c), ColumnType::kText});
  MemoryTable table{io::TableSchema(columns)};
  for (int i = 0; i < 50; ++i) {
    std::vector<std::string> row = {std::to_string(i % 3)};
    for (int c = 0; c < 10; ++c) row.push_back(i <= c ? "odd" + std::to_string(i) : "a");
    table.add(row);
  }
  Cores cores(1);
  Budgets budgets;
  const FitResult result =
      fit(table, RowSet::all(50), {.target = "y", .categories = {"c*"}, .rare = 5}, cores, budgets);
  EXPECT_THAT(result.warnings,
              testing::Contains("training rows with values too rare for the vocabulary, which count as unknown: "
                                "'c9' 10 rows, 'c8' 9 rows, 'c7' 8 rows, 'c6' 7 rows, 'c5' 6 rows, 'c4' 5 rows, "
                                "'c3' 4 rows, 'c2' 3 rows and 2 more columns"));
}

}  // namespace
}  // namespace penstock::table
