// Tables of the field as people have them.
#include <gmock/gmock.h>

#include "io/table/csv/csv_table.h"
#include "tests/io/table/csv_text.h"
#include "tests/io/temp_folder.h"
#include "tests/support/data_dir.h"

namespace penstock::io {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RealTable : public ::testing::Test {
 protected:
  /// Opens a copy, so that no index is written beside the data.
  std::unique_ptr<Table> open(const std::string& name) {
    const auto data = penstock::test::data_dir(name);
    if (data.empty()) return nullptr;
    const std::string path = folder_ / data.filename().string();
    folder_.put(data.filename().string(), text_of(data));
    auto table = open_columns(path, {.cache_folder = folder_ / "cache"});
    std::vector<size_t> columns(table->schema().size());
    std::iota(columns.begin(), columns.end(), size_t{0});
    TableBlock block;
    for (uint64_t p = 0; p < table->pieces(); ++p) {
      const auto rows = table->fetch(p, columns);
      rows->decode(0, rows->count(), block);
      EXPECT_TRUE(block.bad.empty()) << block.bad[0].reason;
      gaps_.resize(columns.size());
      for (size_t c = 0; c < columns.size(); ++c)
        for (size_t r = 0; r < block.rows; ++r) gaps_[c] += block.columns[c].is_missing(r) ? 1 : 0;
    }
    return table;
  }
  TempFolder folder_;
  std::vector<uint64_t> gaps_;  ///< missing values of each column
};

TEST_F(RealTable, Adult) {
  const auto table = open("tabular/adult/adult.data.first26561.csv.gz");
  if (!table) GTEST_SKIP() << "no data set tabular: set PENSTOCK_DATA";
  EXPECT_EQ(table->rows(), 26561u);
  EXPECT_EQ(table->schema().text(),
            "c1 int, c2 text, c3 int, c4 text, c5 int, c6 text, c7 text, c8 text, c9 text, c10 text, c11 int, c12 int, "
            "c13 int, c14 text, c15 text");
  EXPECT_GT(gaps_[1], 1000u) << "the question marks";
  EXPECT_EQ(gaps_[0], 0u);
}

TEST_F(RealTable, Higgs) {
  const auto table = open("tabular/higgs/binary.train.tsv.gz");
  if (!table) GTEST_SKIP() << "no data set tabular: set PENSTOCK_DATA";
  EXPECT_EQ(table->rows(), 7000u);
  EXPECT_EQ(table->schema().size(), 29u);
  EXPECT_THAT(table->schema().text(), StartsWith("c1 int, c2 real, c3 real"));
}

TEST_F(RealTable, Covertype) {
  const auto table = open("tabular/covertype/train_12096.csv.gz");
  if (!table) GTEST_SKIP() << "no data set tabular: set PENSTOCK_DATA";
  EXPECT_EQ(table->rows(), 12096u);
  EXPECT_THAT(table->schema().text(), StartsWith("Id int, Elevation int, Aspect int"));
}

TEST_F(RealTable, Criteo) {
  const auto table = open("tabular/criteo-terabyte/day_11_first_2500_rows.tsv.gz");
  if (!table) GTEST_SKIP() << "no data set tabular: set PENSTOCK_DATA";
  EXPECT_EQ(table->rows(), 2500u);
  ASSERT_EQ(table->schema().size(), 40u);
  for (size_t c = 0; c < 40; ++c)
    EXPECT_EQ(table->schema().columns()[c].type, c < 14 ? ColumnType::kInt : ColumnType::kText) << c;
  EXPECT_EQ(open("tabular/criteo-kaggle/train.tiny.1600rows.csv.gz")->rows(), 1600u);
}

TEST_F(RealTable, Rossmann) {
  const auto table = open("rossmann/train_until_2015-06-18.csv.gz");
  if (!table) GTEST_SKIP() << "no data set rossmann: set PENSTOCK_DATA";
  EXPECT_EQ(table->schema().text(),
            "Store int, DayOfWeek int, Date date, Sales int, Customers int, Open int, Promo int, StateHoliday text, "
            "SchoolHoliday int");
  EXPECT_GT(table->rows(), 900000u);
  EXPECT_THAT(open("rossmann/store.csv")->schema().text(),
              StartsWith("Store int, StoreType text, Assortment text, CompetitionDistance int"));
  EXPECT_EQ(open("rossmann/store_states.csv")->schema().text(), "Store int, State text");
}

}  // namespace
}  // namespace penstock::io
