// Tables written as CSV and read back: every value as it was, whatever it looks like.
#include "io/table/csv/csv_columns_writer.h"

#include <limits>

#include <gmock/gmock.h>

#include "tests/io/table/made_table.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ColumnBlock texts_column(std::vector<std::string_view> texts, std::vector<uint8_t> missing = {}) {
  ColumnBlock column;
  column.texts = std::move(texts);
  column.missing = std::move(missing);
  return column;
}

TableBlock block_of(std::vector<ColumnBlock> columns, size_t rows) {
  TableBlock block;
  block.rows = rows;
  block.columns = std::move(columns);
  return block;
}

std::string write(const std::string& path, const std::vector<ColumnSpec>& columns, const TableBlock& block,
                  const ColumnsWriterOptions& options = {}) {
  const auto writer = write_csv_columns(path, TableSchema(columns), options);
  writer->append(block);
  writer->finish();
  return text_of(path);
}

TEST(CsvColumnsWriter, GivesEveryTypeBack) {
  const TempFolder folder;
  MadeBlock made = made_rows(0, 3000);
  for (ColumnBlock& column : made.block.columns)  // within the years that CSV has
    if (column.type == ColumnType::kDate)
      for (int64_t& day : column.ints) day %= 700000;
  write(folder / "t.csv", made_columns(), made.block);
  const auto table = open_columns(folder / "t.csv");
  EXPECT_EQ(table->schema().text(), TableSchema(made_columns()).text());
  EXPECT_EQ(lines_of(*table), lines_of(made.block));
}

TEST(CsvColumnsWriter, QuotesByTheRuleAndKeepsWhatLooksLikeSomethingElse) {
  const TempFolder folder;
  const std::vector<std::string_view> texts = {"a,b",  "say \"hi\"", "two\nlines", "cr\r", "007",
                                               "NULL", " x ",        "NaN",        "?",    "2015-01-02"};
  const auto block = block_of({texts_column(texts)}, texts.size());
  const std::string text = write(folder / "t.csv", {{"a \"name\", quoted", ColumnType::kText}}, block);
  EXPECT_THAT(text,
              HasSubstr("\"a \"\"name\"\", quoted\"\n\"a,b\"\n\"say \"\"hi\"\"\"\n\"two\nlines\"\n\"cr\r\"\n007\n"));
  EXPECT_EQ(lines_of(*open_columns(folder / "t.csv")), lines_of(block));
}

TEST(CsvColumnsWriter, NumbersAreTheShortestThatReadBackTheSame) {
  const TempFolder folder;
  ColumnBlock reals;
  reals.type = ColumnType::kReal;
  reals.reals = {0.1, 1.0 / 3, -0.0, 5e-324, 1.7976931348623157e308, std::numeric_limits<double>::infinity(), 100};
  const int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  const auto block = block_of({reals, ints_column(ColumnType::kInt, {least, most, 0, 1, -1, 5, 6})}, 7);
  const std::string text = write(folder / "t.csv", {{"x", ColumnType::kReal}, {"n", ColumnType::kInt}}, block);
  EXPECT_THAT(text, HasSubstr("\n0.1,-9223372036854775808\n"));
  EXPECT_EQ(lines_of(*open_columns(folder / "t.csv")), lines_of(block));
}

TEST(CsvColumnsWriter, ARowWithNothingInItIsARow) {
  const TempFolder folder;
  const auto block = block_of({texts_column({"a", "", "b"}, {0, 1, 0})}, 3);
  EXPECT_EQ(write(folder / "t.csv", {{"x", ColumnType::kText}}, block), "x\na\n\"\"\nb\n");
  EXPECT_THAT(lines_of(*open_columns(folder / "t.csv")), ElementsAre("'a'", "-", "'b'"));
}

TEST(CsvColumnsWriter, CountsEmptyTextsThatBecomeMissing) {
  const TempFolder folder;
  const auto writer = write_csv_columns(folder / "t.csv", TableSchema({{"x", ColumnType::kText}}));
  writer->append(block_of({texts_column({"a", "", ""}, {0, 0, 1})}, 3));
  writer->finish();
  EXPECT_THAT(writer->notes(), ElementsAre(HasSubstr("'x': 1 empty text")));
}

TEST(CsvColumnsWriter, LeavesBadRowsOutAndSaysWhatItWasMadeOf) {
  const TempFolder folder;
  auto block = block_of({texts_column({"a", "bad", "b"})}, 3);
  block.bad = {{1, "no row"}};
  const std::string path = folder / "t.csv";
  EXPECT_EQ(write(path, {{"x", ColumnType::kText}}, block, {.fingerprint = 42}), "x\na\nb\n");
  EXPECT_EQ(packed_csv_fingerprint(path), fingerprint_without(42, std::vector<uint64_t>{1}));
  folder.put("t.csv", "x\na\nc\n");
  EXPECT_EQ(packed_csv_fingerprint(path), std::nullopt);
  EXPECT_EQ(packed_csv_fingerprint(folder.put("mine.csv", "x\na\n")), std::nullopt);
}

TEST(CsvColumnsWriter, RefusesASchemaFileThatItDidNotWrite) {
  const TempFolder folder;
  folder.put("t.csv.schema", "column,type,format\nx,text,\n");
  EXPECT_THAT(error_of([&] {
                write_csv_columns(folder / "t.csv", TableSchema({{"x", ColumnType::kText}}));
              }),
              HasSubstr("t.csv.schema' is there already"));
}

TEST(CsvColumnsWriter, RefusesYearsThatItsDatesDoNotHave) {
  const TempFolder folder;
  for (const ColumnType type : {ColumnType::kDate, ColumnType::kTime}) {
    const int64_t day = type == ColumnType::kDate ? 1 : 86400;
    const std::vector<ColumnSpec> columns = {{"d", type}};
    // 0001-01-01 and 9999-12-31 are the ends.
    const auto whole = block_of({ints_column(type, {-719162 * day, 2932897 * day - 1})}, 2);
    write(folder / (day == 1 ? "d.csv" : "t.csv"), columns, whole);
    EXPECT_EQ(lines_of(*open_columns(folder / (day == 1 ? "d.csv" : "t.csv"))), lines_of(whole));
    for (const int64_t outside : {-719162 * day - 1, 2932897 * day})
      EXPECT_THAT(error_of([&] { write(folder / "x.csv", columns, block_of({ints_column(type, {outside})}, 1)); }),
                  HasSubstr("years 1 to 9999"));
  }
}

}  // namespace
}  // namespace penstock::io
