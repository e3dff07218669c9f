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
io::TableSchema schema() { return io::TableSchema({{"store", io::ColumnType::kInt}, {"day", io::ColumnType::kDate}}); }

TEST(Split, ByTimeTheLastDaysValidate) {
  test::MemoryTable table(schema());
  fill(table, 1000);  // days 0 to 49
  const RowSplit split = split_rows(table, {.by = SplitBy::kTime, .columns = {"day"}, .last = "7d"}, 1);
  for (uint64_t row = 0; row < 1000; ++row) {
    EXPECT_EQ(split.val.has(row), row / 20 >= 43 && row % 50 != 7) << row;
    EXPECT_NE(split.val.has(row), split.train.has(row));
  }
  EXPECT_EQ(split.val.ids().size(), split.val.count());
  uint64_t in_ranges = 0;
  for (const auto& [first, count] : split.val.ranges()) in_ranges += count;
  EXPECT_EQ(in_ranges, split.val.count());
}

TEST(Split, ByGroupNoGroupIsInBothParts) {
  test::MemoryTable table(schema());
  fill(table, 1000);
  const RowSplit split = split_rows(table, {.by = SplitBy::kGroup, .columns = {"store"}, .fraction = 0.3}, 1);
  std::set<uint64_t> train, val;
  for (const uint64_t row : split.train.ids()) train.insert(row % 37);
  for (const uint64_t row : split.val.ids()) val.insert(row % 37);
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
  size_t moved = 0;
  for (uint64_t row = 0; row < 1000; ++row) {
    EXPECT_EQ(before.val.has(row), after.val.has(row));
    moved += before.val.has(row) != other.val.has(row);
  }
  EXPECT_GT(moved, 100U);
  EXPECT_NEAR(static_cast<double>(after.val.count()) / 4000, 0.2, 0.03);
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
