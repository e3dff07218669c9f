#include <set>

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "stages/table/split.h"
#include "tests/support/memory_table.h"

namespace penstock::table {
namespace {

void fill(test::MemoryTable& table, int rows) {
  for (int i = 0; i < rows; ++i) table.add({std::to_string(i % 37), i % 50 == 7 ? "" : std::to_string(i / 20)});
}
std::set<uint64_t> ids(const RowSet& rows) {
  std::set<uint64_t> all;
  for (uint64_t id = 0; id < rows.size(); ++id) all.insert(rows.row(id));
  return all;
}
io::TableSchema schema() { return io::TableSchema({{"store", io::ColumnType::kInt}, {"day", io::ColumnType::kDate}}); }

TEST(Split, ByTimeTheLastDaysValidate) {
  test::MemoryTable table(schema());
  fill(table, 1000);  // days 0 to 49
  const RowSplit split = split_rows(table, {.by = SplitBy::kTime, .columns = {"day"}, .last = "7d"}, 1);
  const std::set<uint64_t> val = ids(split.val), train = ids(split.train);
  for (uint64_t row = 0; row < 1000; ++row) {
    EXPECT_EQ(val.contains(row), row / 20 >= 43 && row % 50 != 7) << row;
    EXPECT_NE(val.contains(row), train.contains(row));
  }
}

TEST(Split, RowsThatCannotBeReadAreLeftToTrainingWhichNamesThem) {
  test::MemoryTable table(schema());
  fill(table, 1000);
  for (const uint64_t row : {3u, 500u, 999u}) table.bad[row] = "line " + std::to_string(row) + " has 3 cells";
  for (const SplitSpec& spec : {SplitSpec{.by = SplitBy::kTime, .columns = {"day"}, .last = "7d"},
                                SplitSpec{.by = SplitBy::kGroup, .columns = {"store"}, .fraction = 0.3},
                                SplitSpec{.by = SplitBy::kHash, .columns = {"store", "day"}, .fraction = 0.3}}) {
    const RowSplit split = split_rows(table, spec, 1);
    EXPECT_EQ(split.train.size() + split.val.size(), 1000u);
    for (const uint64_t row : {3u, 500u, 999u}) EXPECT_TRUE(ids(split.train).contains(row)) << row;
  }
}

TEST(Split, ByGroupNoGroupIsInBothParts) {
  test::MemoryTable table(schema());
  fill(table, 1000);
  const RowSplit split = split_rows(table, {.by = SplitBy::kGroup, .columns = {"store"}, .fraction = 0.3}, 1);
  std::set<uint64_t> train, val;
  for (const uint64_t row : ids(split.train)) train.insert(row % 37);
  for (const uint64_t row : ids(split.val)) val.insert(row % 37);
  for (const uint64_t store : val) EXPECT_EQ(train.count(store), 0U);
  EXPECT_EQ(train.size() + val.size(), 37U);
  EXPECT_NEAR(static_cast<double>(val.size()), 11, 8);
}

TEST(Split, ByHashRowsStayWhereTheyAreWhenOthersCome) {
  test::MemoryTable table(schema()), longer(schema());
  fill(table, 1000);
  fill(longer, 4000);
  const SplitSpec spec{.by = SplitBy::kHash, .columns = {"store", "day"}, .fraction = 0.2};
  const RowSplit before = split_rows(table, spec, 3), after = split_rows(longer, spec, 3),
                 other = split_rows(table, spec, 4);
  const std::set<uint64_t> val = ids(before.val), later = ids(after.val), others = ids(other.val);
  size_t moved = 0;
  for (uint64_t row = 0; row < 1000; ++row) {
    EXPECT_EQ(val.contains(row), later.contains(row));
    moved += val.contains(row) != others.contains(row);
  }
  EXPECT_GT(moved, 100U);
  EXPECT_NEAR(static_cast<double>(after.val.size()) / 4000, 0.2, 0.03);
}

TEST(Split, ByRowAShareIsDrawn) {
  test::MemoryTable table(schema());
  fill(table, 4000);
  const SplitSpec spec{.by = SplitBy::kRow, .fraction = 0.1};
  const RowSplit split = split_rows(table, spec, 1);
  EXPECT_EQ(split.train.size() + split.val.size(), 4000U);
  EXPECT_NEAR(static_cast<double>(split.val.size()), 400, 80);
  EXPECT_NE(ids(split.val), ids(split_rows(table, spec, 2).val));
}

TEST(Split, APartWithoutRowsIsRefused) {
  test::MemoryTable table(schema());
  fill(table, 100);
  EXPECT_THROW(split_rows(table, {.by = SplitBy::kGroup, .columns = {"store"}, .fraction = 1e-6}, 1), Error);
  EXPECT_THROW(split_rows(table, {.by = SplitBy::kTime, .columns = {"day"}, .last = "7h"}, 1), Error);
  EXPECT_THROW(split_rows(table, {.by = SplitBy::kGroup, .columns = {"shop"}}, 1), Error);
}

}  // namespace
}  // namespace penstock::table
