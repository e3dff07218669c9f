#include "io/table/csv/csv_table.h"

#include <filesystem>
#include <random>
#include <thread>

#include <gmock/gmock.h>

#include "io/file/faulty_file_system.h"
#include "io/table/csv/csv_index.h"
#include "tests/io/table/csv_text.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TableOptions options_in(const TempFolder& folder) { return {.cache_folder = folder / "cache"}; }

std::vector<std::string> all_rows(const Table& table) {
  std::vector<size_t> columns(table.schema().size());
  std::iota(columns.begin(), columns.end(), size_t{0});
  std::vector<std::string> out;
  TableBlock block;
  for (uint64_t p = 0; p < table.pieces(); ++p) {
    const auto rows = table.fetch(p, columns);
    EXPECT_EQ(rows->first(), table.piece_begin(p));
    EXPECT_EQ(rows->count(), table.piece_begin(p + 1) - table.piece_begin(p));
    EXPECT_LE(rows->bytes(), table.max_piece_bytes(columns));
    rows->decode(0, rows->count(), block);
    for (std::string& row : test::shown(block)) out.push_back(std::move(row));
  }
  return out;
}

std::string schema_of(const TempFolder& folder, const std::string& name, const std::string& text) {
  folder.put(name, text);
  return open_columns(folder / name, options_in(folder))->schema().text();
}

TEST(CsvTable, FindsDialectAndTypes) {
  const TempFolder folder;
  EXPECT_EQ(schema_of(folder, "a.csv", "id,name,price,when,ok\n1,x,2.5,2015-06-18,true\n2,y,3,2015-06-19,False\n"),
            "id int, name text, price real, when date, ok bool");
  EXPECT_EQ(schema_of(folder, "b.csv", "a;b\n1;2,5\n3;4,5\n"), "a int, b real");
  EXPECT_EQ(schema_of(folder, "c.tsv", "1\tx\t2.5\n2\ty\t3\n"), "c1 int, c2 text, c3 real") << "no header";
  EXPECT_EQ(schema_of(folder, "d.csv", "39, State-gov, 77516, ?\n50, Private, 83311, x\n"),
            "c1 int, c2 text, c3 int, c4 text");
  EXPECT_EQ(schema_of(folder, "e.csv", "a|'b|c'\n1|'x'\n2|'y|z'\n"), "a int, b|c text");
  EXPECT_EQ(schema_of(folder, "f.csv",
                      "\xEF\xBB\xBF"
                      "a,b\r\n1,2\r\n"),
            "a int, b int")
      << "a byte order mark";
  EXPECT_EQ(schema_of(folder, "g.csv", "a,b\r1,2\r"), "a int, b int");
  EXPECT_EQ(schema_of(folder, "h.csv", "one column\n1\n2\n"), "one column int");
  EXPECT_EQ(schema_of(folder, "i.csv", "a,,b\n1,2,3\n"), "a int, c2 int, b int");
  EXPECT_EQ(schema_of(folder, "j.csv", "when,then\n18/06/2015,2015-06-18 10:00\n01/02/2015,2015-06-19\n"),
            "when date, then time");
}

TEST(CsvTable, SaysWhatWasTakenAsText) {
  const TempFolder folder;
  folder.put("a.csv", "d,zip,long,gap,latin\n01/02/2015,01234,123456789012345678901,,\xE9\n03/04/2015,99999,1,NA,e\n");
  const auto table = open_columns(folder / "a.csv", options_in(folder));
  EXPECT_EQ(table->schema().text(), "d text, zip text, long text, gap text, latin text");
  EXPECT_THAT(table->notes(),
              ElementsAre(HasSubstr("%d/%m/%Y or %m/%d/%Y"), HasSubstr("zeros in front"),
                          HasSubstr("more than 64 bits"), HasSubstr("no value"), HasSubstr("not UTF-8")));
  EXPECT_THAT(open_columns(folder / "a.csv", options_in(folder))->notes(), testing::SizeIs(5)) << "from the index";
}

TEST(CsvTable, SaysWhichCellsMakeTextOfNumbersAndDates) {
  const TempFolder folder;
  std::string mixed = "number,date,ways,time,word\n";
  for (int i = 0; i < 200; ++i)
    mixed += (i == 150 ? "#REF" : std::to_string(i)) + "," + (i == 120 ? "2021-13-45" : "2021-01-02") + "," +
             (i % 2 == 0 ? "2021-01-02" : "02.01.2021") + "," + (i == 90 ? "soon" : "2021-01-02 10:00:00") + "," +
             (i % 2 == 0 ? "7" : "seven") + "\n";
  folder.put("a.csv", mixed);
  const auto table = open_columns(folder / "a.csv", options_in(folder));
  EXPECT_EQ(table->schema().text(), "number text, date text, ways text, time text, word text");
  EXPECT_THAT(table->notes(),
              ElementsAre(HasSubstr("column 'number': 199 of 200 cells looked at are numbers, '#REF' is not"),
                          HasSubstr("column 'date': 199 of 200 cells looked at are dates, '2021-13-45' is not"),
                          HasSubstr("column 'ways': dates are written in more than one way ('2021-01-02'"),
                          HasSubstr("column 'time': 199 of 200 cells looked at are times, 'soon' is not")));
}

TEST(CsvTable, AHeaderAloneIsATableWithoutRows) {
  const TempFolder folder;
  folder.put("a.csv", "a,b\n");
  const auto table = open_columns(folder / "a.csv", options_in(folder));
  EXPECT_EQ(table->rows(), 0u);
  EXPECT_EQ(table->pieces(), 0u);
  EXPECT_EQ(table->piece_begin(0), 0u);
  EXPECT_EQ(table->schema().text(), "a text, b text");
  folder.put("one.csv", "1,2\n");
  EXPECT_THAT(all_rows(*open_columns(folder / "one.csv", options_in(folder))), ElementsAre("1|2"));
}

TEST(CsvTable, RefusesWhatIsNone) {
  const TempFolder folder;
  const auto refusal = [&](const std::string& name, const std::string& text) {
    folder.put(name, text);
    return error_of([&] { open_columns(folder / name, options_in(folder)); });
  };
  EXPECT_THAT(refusal("a.csv", ""), AllOf(HasSubstr("data: "), HasSubstr("is empty")));
  EXPECT_THAT(refusal("b.csv", "\n\n\r\n"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("c.csv", std::string("\xFF\xFE"
                                           "a\0b\0",
                                           6)),
              AllOf(HasSubstr("UTF-16"), HasSubstr("iconv")));
  EXPECT_THAT(
      refusal("d.csv", "a,b,a\n1,2,3\n"),
      AllOf(HasSubstr("in the header of"), HasSubstr("two columns are called 'a'"), HasSubstr("header,ignored")));
  EXPECT_THAT(refusal("e.txt", "a,b\n1,2\n"),
              AllOf(HasSubstr("usage: "), HasSubstr("its ending says nothing"), HasSubstr("csv:")));
  EXPECT_EQ(open_columns("csv:" + (folder / "e.txt"), options_in(folder))->rows(), 1u);
  EXPECT_THAT(error_of([&] { open_columns(folder / "none.csv", options_in(folder)); }), HasSubstr("there is no"));
  EXPECT_THAT(refusal("f.csv", std::string(40 << 20, 'x')), HasSubstr("does not end"));
  EXPECT_THAT(refusal("g.csv", "a,b\n1,2\n" + std::string(40 << 20, 'x')),
              AllOf(HasSubstr("line 3 or behind"), HasSubstr("a row of more than 16.0 MiB")));
}

TEST(CsvTable, NamesFileLineAndColumnOfABadRow) {
  const TempFolder folder;
  std::string text = "id,note\n";
  for (int i = 0; i < 200000; ++i) text += std::to_string(i) + ",\"two\nlines\"\n";
  folder.put("a.csv", text + "7\noops,x\n");
  const auto table =
      open_columns(folder / "a.csv", TableOptions{.sample_rows = 1000, .cache_folder = folder / "cache"});
  EXPECT_GT(table->pieces(), 2u);
  EXPECT_EQ(table->schema().text(), "id text, note text") << "the last piece is looked at";
  folder.put("a.csv.schema", "column,type\nid,int\nnote,text\n");
  const auto stated = open_columns(folder / "a.csv", options_in(folder));
  const std::vector<std::string> rows = all_rows(*stated);
  ASSERT_EQ(rows.size(), 200002u);
  EXPECT_EQ(rows[199999], "199999|two\nlines");
  EXPECT_EQ(rows[200000], "BAD " + (folder / "a.csv") + " line 400002 has 1 cell, 2 are expected");
  EXPECT_EQ(rows[200001], "BAD " + (folder / "a.csv") + " line 400003, column 'id': 'oops' is no int");
  const Location place = stated->locate(200001);
  EXPECT_EQ(place.offset, text.size() + 2);
  EXPECT_EQ(place.length, 6u);
}

TEST(CsvTable, PiecesOfAnyLengthHoldTheSameRows) {
  const TempFolder folder;
  std::mt19937 random(5);
  std::string text = "a,b,c\n\n";
  for (int i = 0; i < 400; ++i) {
    text += std::to_string(random() % 1000) + ",\"" + std::string(random() % 60, "x\n,"[random() % 3]) +
            (random() % 5 == 0 ? "\"\"" : "") + "\",";
    text += (random() % 20 == 0 ? "extra,\"bad\" one" : random() % 50 == 0 ? "\"open" : "end");
    text += random() % 3 == 0 ? "\r\n" : random() % 2 == 0 ? "\n\n" : "\r";
  }
  folder.put("a.csv", text);
  const CsvFiles files{.where = "a", .given = {folder / "a.csv"}, .texts = {folder / "a.csv"}};
  const CsvForm form{.dialect = {}, .schema = test::texts_schema(3)};
  const CsvReading reading(form.dialect, form.schema);
  std::vector<std::vector<std::string>> seen;
  for (const uint64_t bytes : {1, 7, 64, 100, 1000, 1 << 20}) {
    const CsvIndex index = make_csv_index(FileSystem::real(), files, &form, {}, bytes);
    std::vector<std::string> rows;
    for (const CsvPiece& piece : index.pieces) {
      const std::vector<size_t> columns = {0, 1, 2};
      const CsvRows raw(
          reading, read_csv_piece(FileSystem::real(), files, piece),
          {.file = &files.given[0], .line = piece.line, .count = piece.rows, .escaped_bytes = piece.escaped_bytes},
          columns);
      TableBlock block;
      raw.decode(0, raw.count(), block);
      for (std::string& row : test::shown(block)) rows.push_back(std::move(row));
    }
    seen.push_back(std::move(rows));
  }
  EXPECT_GT(seen[0].size(), 300u);
  for (const auto& rows : seen) EXPECT_EQ(rows, seen[0]);
}

TEST(CsvTable, AQuoteThatStaysOpenForTooLongCostsOneLineInPiecesToo) {
  const TempFolder folder;
  std::string text = "a,b\n1,2\n\"3,4\n";
  size_t lines = 2;
  for (; text.size() < CsvDialect::kMostRowBytes + (3 << 20); ++lines) text += "some,words in a row\n";
  folder.put("a.csv", text + "\"x\",y\n");
  const auto table = open_columns(folder / "a.csv", options_in(folder));
  EXPECT_GT(table->pieces(), 2u);
  const std::vector<std::string> rows = all_rows(*table);
  ASSERT_EQ(rows.size(), lines + 1);
  EXPECT_THAT(rows[1], HasSubstr("line 3: a quote is opened and never closed"));
  EXPECT_EQ(std::ranges::count(rows, "some|words in a row"), static_cast<ptrdiff_t>(lines - 2));
  EXPECT_EQ(rows.back(), "x|y");
}

TEST(CsvTable, SeveralFilesFollowOneAnother) {
  const TempFolder folder;
  folder.put("t/b.csv", "id,x\n3,c\n");
  folder.put("t/a.csv", "id,x\n1,a\n2,b\n");
  folder.put("t/c.csv", "id,x\n");
  for (const std::string& where : {folder / "t", folder / "t/*.csv", folder / "t/{a,b,c}.csv"}) {
    EXPECT_TRUE(is_table(where));
    const auto table = open_columns(where, options_in(folder));
    EXPECT_THAT(all_rows(*table), ElementsAre("1|a", "2|b", "3|c")) << where;
    EXPECT_EQ(table->piece_of(2), 1u);
    EXPECT_EQ(table->locate(2).file, folder / "t/b.csv");
  }
  folder.put("t/d.csv", "id,y,x\n4,0,d\n");
  EXPECT_THAT(error_of([&] { open_columns(folder / "t", options_in(folder)); }),
              AllOf(HasSubstr("usage: "), HasSubstr("t/d.csv"), HasSubstr("'y' is new")));
  folder.put("t/d.csv", "x,id\nd,4\n");
  EXPECT_THAT(error_of([&] { open_columns(folder / "t", options_in(folder)); }), HasSubstr("another order"));
  folder.put("t/d.csv", "id,z\n4,d\n");
  EXPECT_THAT(error_of([&] { open_columns(folder / "t", options_in(folder)); }),
              HasSubstr("'x' is missing, 'z' is new"));
  folder.put("t/d.jpg", "");
  EXPECT_FALSE(is_table(folder / "t"));
  EXPECT_FALSE(is_table(folder / "t/d.jpg"));
  EXPECT_TRUE(is_table(folder / "nowhere.csv.gz"));
  EXPECT_TRUE(is_table("csv:" + (folder / "t/d.jpg")));
}

TEST(CsvTable, AFileThatChangedIsIndexedAgain) {
  const TempFolder folder;
  folder.put("a.csv", "id\n1\n2\n");
  const auto old = open_columns(folder / "a.csv", options_in(folder));
  const uint64_t state = old->state(), fingerprint = old->fingerprint();
  EXPECT_TRUE(std::filesystem::exists(folder / "a.csv.penstock-index"));
  EXPECT_EQ(open_columns(folder / "a.csv", options_in(folder))->fingerprint(), fingerprint);
  folder.put("a.csv", "id\n1\n3\n4\n");
  EXPECT_NE(old->state(), state);
  EXPECT_THAT(error_of([&] { old->fetch(0, {}); }), AllOf(HasSubstr("data: "), HasSubstr("other bytes")));
  const auto now = open_columns(folder / "a.csv", options_in(folder));
  EXPECT_EQ(now->rows(), 3u);
  EXPECT_NE(now->fingerprint(), fingerprint);
}

TEST(CsvTable, APatternAndItsFirstFileKeepAnIndexEach) {
  const TempFolder folder;
  folder.put("a.csv", "id\n1\n");
  folder.put("b.csv", "id\n2\n");
  open_columns(folder / "a.csv", options_in(folder));
  const auto stamp = std::filesystem::last_write_time(folder / "a.csv.penstock-index");
  EXPECT_EQ(open_columns(folder / "*.csv", options_in(folder))->rows(), 2u);
  EXPECT_EQ(open_columns(folder / "a.csv", options_in(folder))->rows(), 1u);
  EXPECT_EQ(std::filesystem::last_write_time(folder / "a.csv.penstock-index"), stamp);
}

TEST(CsvTable, TheIndexGoesToTheCacheWhereTheFolderCannotBeWritten) {
  const TempFolder folder;
  folder.put("data/a.csv", "id\n1\n");
  FaultyFileSystem fs(
      {{.op = FileOp::kOpen, .errno_value = EROFS, .path_part = "data/a.csv.penstock-index", .times = 1000}});
  EXPECT_EQ(open_columns(folder / "data/a.csv", options_in(folder), fs)->rows(), 1u);
  EXPECT_FALSE(std::filesystem::exists(folder / "data/a.csv.penstock-index"));
  EXPECT_FALSE(std::filesystem::is_empty(folder / "cache"));
}

TEST(CsvTable, AFailingDiskIsAnErrorThatNamesTheFile) {
  const TempFolder folder;
  folder.put("a.csv", "id\n1\n");
  FaultyFileSystem fs({{.op = FileOp::kRead, .errno_value = EIO, .path_part = "a.csv", .times = 1000}});
  EXPECT_THAT(error_of([&] { open_columns(folder / "a.csv", options_in(folder), fs); }),
              AllOf(HasSubstr("io: "), HasSubstr("a.csv")));
  fs.plan({});
  const auto table = open_columns(folder / "a.csv", options_in(folder), fs);
  fs.plan({{.op = FileOp::kRead, .errno_value = EIO, .path_part = "a.csv"}});
  EXPECT_THAT(error_of([&] { table->fetch(0, {}); }), AllOf(HasSubstr("io: "), HasSubstr("a.csv")));
  fs.plan({{.op = FileOp::kRead, .does = PlannedFault::Does::kShort, .path_part = "a.csv", .times = 1000}});
  EXPECT_EQ(table->fetch(0, {})->count(), 1u) << "short reads go on";
}

TEST(CsvTable, RowsAreDecodedByManyThreadsAtOnce) {
  const CsvReading reading({}, test::texts_schema(2));
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + ",\"a \"\"" + std::to_string(i) + "\"\"\"\n";
  const auto rows = test::rows_in(reading, text);
  std::vector<std::vector<std::string>> seen(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < seen.size(); ++t)
    threads.emplace_back([&, t] {
      TableBlock block;
      for (size_t from = 0; from < 5000; from += 500) {
        rows->decode(from, 500, block);
        for (std::string& row : test::shown(block)) seen[t].push_back(std::move(row));
      }
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(seen[0].size(), 5000u);
  EXPECT_EQ(seen[0][4999], "4999|a \"4999\"");
  for (const auto& each : seen) EXPECT_EQ(each, seen[0]);
}

TEST(CsvTable, ADamagedIndexIsMadeAgain) {
  const TempFolder folder;
  folder.put("a.csv", "id\n1\n2\n");
  open_columns(folder / "a.csv", options_in(folder));
  std::filesystem::resize_file(folder / "a.csv.penstock-index", 100);
  EXPECT_EQ(open_columns(folder / "a.csv", options_in(folder))->rows(), 2u);
}

TEST(CsvTable, TheFingerprintIsOfRowsAndOfHowTheyAreRead) {
  const TempFolder folder;
  folder.put("a.csv", "id\n1\n2\n");
  folder.put("b.csv", "id\n1\n2\n");
  const auto print = [&](const char* name) { return open_columns(folder / name, options_in(folder))->fingerprint(); };
  const uint64_t first = print("a.csv");
  EXPECT_EQ(print("b.csv"), first) << "the name is no part of it";
  folder.put("b.csv.schema", "column,type\nid,real\n");
  EXPECT_NE(print("b.csv"), first);
}

}  // namespace
}  // namespace penstock::io
