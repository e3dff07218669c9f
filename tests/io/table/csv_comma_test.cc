// Numbers with a decimal comma: which columns are taken for such, and what they come to.
#include <gmock/gmock.h>

#include "io/table/csv/cell_values.h"
#include "io/table/csv/csv_table.h"
#include "tests/io/table/made_table.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ParseCommaReal, TakesPointsBetweenGroupsOfThreeDigits) {
  double value = 0;
  for (const auto& [text, wanted] : std::vector<std::pair<std::string, double>>{{"0,5", 0.5},
                                                                                {"-1.234,56", -1234.56},
                                                                                {"1.234.567", 1234567},
                                                                                {"12", 12},
                                                                                {",25", 0.25},
                                                                                {"1234567,125", 1234567.125},
                                                                                {"3,", 3}}) {
    ASSERT_TRUE(parse_comma_real(text, value)) << text;
    EXPECT_EQ(value, wanted) << text;
  }
  for (const char* none : {"", "1.5", "1,2,3", "1,234.5", "1.23,4", "1234.567,8", ".123,4", "12.01.2015", "a,5", "1.,5",
                           "1.23e4", "1.2e34"})
    EXPECT_FALSE(parse_comma_real(none, value)) << none;
}

struct Opened {
  explicit Opened(const std::string& text) : table(open_columns(folder.put("t.csv", text))) {}
  TempFolder folder;
  std::unique_ptr<Table> table;
};

TEST(DecimalComma, IsFoundByLooking) {
  const Opened opened("Preis;Menge;Datum\n1.234,50;3;01.02.2015\n0,5;;31.12.2015\n;7;15.03.2015\n");
  EXPECT_EQ(opened.table->schema().text(), "Preis real, Menge int, Datum date");
  EXPECT_THAT(lines_of(*opened.table), ElementsAre("1234.5|3|16467", "0.5|-|16800", "-|7|16509"));
  EXPECT_THAT(opened.table->notes(), IsEmpty());
}

TEST(DecimalComma, IsReadInQuotedCellsToo) {
  const Opened opened("a,b\n\"1,5\",x\n\"22,25\",y\n");
  EXPECT_THAT(lines_of(*opened.table), ElementsAre("1.5|'x'", "22.25|'y'"));
}

TEST(DecimalComma, MayBeThousandsAndIsTextThen) {
  const Opened opened("a;b\n1,234;x\n22,250;y\n");
  EXPECT_EQ(opened.table->schema().text(), "a text, b text");
  EXPECT_THAT(opened.table->notes(), ElementsAre(AllOf(HasSubstr("'a'"), HasSubstr("real,comma"))));
  opened.folder.put("t.csv.schema", "delimiter,semicolon\ncolumn,type,format\na,real,comma\nb,text,\n");
  const auto stated = open_columns(opened.folder / "t.csv");
  EXPECT_THAT(lines_of(*stated), ElementsAre("1.234|'x'", "22.25|'y'"));
}

TEST(DecimalComma, BesideDecimalPointsIsTextUnlessOneCellHasBoth) {
  const Opened opened("a;b\n3.142;0,5\n0.125;1.234,5\n3,5;1.234\n");
  EXPECT_EQ(opened.table->schema().text(), "a text, b real");
  EXPECT_THAT(opened.table->notes(), ElementsAre(AllOf(HasSubstr("'a'"), HasSubstr("3.142"), HasSubstr("real,comma"))));
}

TEST(DecimalComma, AWordAmongThemIsABadRowByName) {
  std::string text = "a;b\n";
  for (int i = 0; i < 300; ++i) text += std::to_string(i) + ",5;x\n";
  TempFolder folder;
  const std::string path = folder.put("t.csv", text + "dear;x\n");
  folder.put("t.csv.schema", "delimiter,semicolon\ncolumn,type,format\na,real,comma\nb,text,\n");
  EXPECT_THAT(lines_of(*open_columns(path)).back(), AllOf(HasSubstr("'dear'"), HasSubstr("decimal comma")));
}

}  // namespace
}  // namespace penstock::io
