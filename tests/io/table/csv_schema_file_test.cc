#include "io/table/csv/csv_schema_file.h"

#include <gmock/gmock.h>

#include "io/table/csv/csv_table.h"
#include "tests/io/table/csv_text.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CsvSchemaFile, ComesBackAsItWasWritten) {
  CsvForm form;
  form.dialect = {.delimiter = '|',
                  .quote = '\'',
                  .space = true,
                  .header = CsvDialect::Header::kIgnored,
                  .skip = 3,
                  .missing = {"", "a,b", "\"", " x"}};
  form.schema = TableSchema({{.name = "a, \"b\"", .type = ColumnType::kInt},
                             {.name = "", .type = ColumnType::kText},
                             {.name = "line\nbreak", .type = ColumnType::kDate, .format = "%d.%m.%Y"},
                             {.name = "column", .type = ColumnType::kTime, .format = "%d, %m %Y"},
                             {.name = "r", .type = ColumnType::kReal},
                             {.name = "b", .type = ColumnType::kBool}});
  EXPECT_EQ(csv_form_of(csv_form_text(form), "x"), form);
  form.dialect = {.delimiter = ':', .quote = 0, .missing = {}};
  EXPECT_EQ(csv_form_of(csv_form_text(form), "x"), form);
}

TEST(CsvSchemaFile, LooksLikeThis) {
  CsvForm form;
  form.dialect.missing = {"", "NA"};
  form.schema = TableSchema(
      {{.name = "Store", .type = ColumnType::kInt}, {.name = "Date", .type = ColumnType::kDate, .format = "%d.%m.%Y"}});
  EXPECT_EQ(csv_form_text(form),
            "delimiter,comma\nquote,double\nheader,yes\nskip,0\nmissing,,NA\ncolumn,type,format\nStore,int,\nDate,date,"
            "%d.%m.%Y\n");
}

TEST(CsvSchemaFile, RefusesWithLineAndNearestWord) {
  const auto refusal = [](const std::string& text) { return error_of([&] { csv_form_of(text, "t.schema"); }); };
  EXPECT_THAT(refusal("delimeter,comma\ncolumn,type\na,int\n"),
              AllOf(HasSubstr("usage: "), HasSubstr("'t.schema', line 1"), HasSubstr("'delimiter'")));
  EXPECT_THAT(refusal("column,type\n\na,intt\n"), AllOf(HasSubstr("line 3"), HasSubstr("'int'")));
  EXPECT_THAT(refusal("delimiter,xy\n"), HasSubstr("no delimiter"));
  EXPECT_THAT(refusal("delimiter,5\n"), HasSubstr("no delimiter"));
  EXPECT_THAT(refusal("quote,ab\n"), HasSubstr("no quote"));
  EXPECT_THAT(refusal("header,maybe\n"), HasSubstr("unknown header"));
  EXPECT_THAT(refusal("skip,-1\n"), HasSubstr("no number of lines"));
  EXPECT_THAT(refusal("delimiter,comma\n"), HasSubstr("no line 'column,type,format'"));
  EXPECT_THAT(refusal("column,type\n"), HasSubstr("names no column"));
  EXPECT_THAT(refusal("column,type\na\n"), HasSubstr("name, type and format"));
  EXPECT_THAT(refusal("column,type\na,int,%Y\n"), HasSubstr("only dates and times"));
  EXPECT_THAT(refusal("column,type\na,date,%Y\n"), AllOf(HasSubstr("no year, month and day"), HasSubstr("line 2")));
  EXPECT_THAT(refusal("column,type\na,int\na,int\n"), HasSubstr("two columns"));
  EXPECT_THAT(refusal("delimiter,\"\"\"\"\ncolumn,type\na,int\n"), HasSubstr("the same"));
}

class StatedSchema : public ::testing::Test {
 protected:
  std::string open(const std::string& data, const std::string& schema) {
    folder_.put("t.csv", data);
    folder_.put("t.csv.schema", schema);
    return error_of([&] { table_ = open_columns(folder_ / "t.csv", {.cache_folder = folder_ / "cache"}); });
  }
  TempFolder folder_;
  std::unique_ptr<Table> table_;
};

TEST_F(StatedSchema, IsTakenInPlaceOfLooking) {
  EXPECT_EQ(open("a,b\n1,2\n", "column,type\na,text\nb,real\n"), "");
  EXPECT_EQ(table_->schema().text(), "a text, b real");
  EXPECT_EQ(open("a,b\n1,2\n", "header,ignored\ncolumn,type\nx,int\ny,int\n"), "");
  EXPECT_EQ(table_->schema().text(), "x int, y int");
  EXPECT_EQ(table_->rows(), 1u);
  EXPECT_EQ(open("a,b\n1,2\n", "header,no\ncolumn,type\nx,text\ny,text\n"), "");
  EXPECT_EQ(table_->rows(), 2u) << "another dialect, another index";
  EXPECT_EQ(open("some notes\n\na;b\n1;2\n", "skip,2\ndelimiter,semicolon\ncolumn,type\na,int\nb,int\n"), "");
  EXPECT_EQ(table_->rows(), 1u);
}

TEST_F(StatedSchema, IsRefusedWhereItDoesNotFit) {
  EXPECT_THAT(
      open("a,b\n1,2\n", "column,type\na,int\nc,int\n"),
      AllOf(HasSubstr("usage: "), HasSubstr("t.csv.schema' does not fit"), HasSubstr("'c' is missing, 'b' is new")));
  EXPECT_THAT(open("a,b\n1,2\n", "column,type\nb,int\na,int\n"), HasSubstr("another order"));
  EXPECT_THAT(open("1,2\n", "header,no\ncolumn,type\na,int\n"), HasSubstr("1 columns are stated, a row has 2"));
}

TEST_F(StatedSchema, IsWrittenAndReadBackTheSame) {
  folder_.put("t.csv", "a;d\n1;18.06.2015\n2;19.06.2015\n");
  const TableOptions options{.cache_folder = folder_ / "cache"};
  const auto looked = open_columns(folder_ / "t.csv", options);
  EXPECT_EQ(write_csv_schema(folder_ / "t.csv", options), folder_ / "t.csv.schema");
  const auto stated = open_columns(folder_ / "t.csv", options);
  EXPECT_EQ(stated->schema(), looked->schema());
  EXPECT_EQ(stated->schema().columns()[1].format, "%d.%m.%Y");
  EXPECT_EQ(stated->fingerprint(), looked->fingerprint());
  EXPECT_THAT(error_of([&] { open_columns(folder_ / "t.csv", {.schema = folder_ / "none"}); }),
              HasSubstr("no schema file"));
}

}  // namespace
}  // namespace penstock::io
