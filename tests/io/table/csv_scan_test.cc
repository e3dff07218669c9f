#include <random>

#include <gmock/gmock.h>

#include "io/table/csv/cell_grid.h"
#include "io/table/csv/row_scan.h"
#include "tests/io/table/csv_reference.h"
#include "tests/io/table/csv_text.h"

namespace penstock::io {
namespace {

using test::decoded;
using test::reference_rows;
using test::ReferenceRow;
using ::testing::ElementsAre;

std::string random_text(std::mt19937& random, std::string_view letters, size_t most) {
  std::string out(std::uniform_int_distribution<size_t>(0, most)(random), ' ');
  for (char& c : out) c = letters[std::uniform_int_distribution<size_t>(0, letters.size() - 1)(random)];
  return out;
}

TEST(ChunkKernels, GiveTheSameInEveryWidth) {
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    const CsvText text = test::text_of_string(random_text(random, "ab,\"\n\r\r\n", 4096) + std::string(64, 'x'));
    const size_t chunks = std::min<size_t>(text.view().size() / 64, ChunkMasks::kChunks);
    std::vector<std::vector<uint32_t>> places;
    std::vector<ChunkMasks> masks(ChunkKernels::all().size());
    for (size_t k = 0; k < masks.size(); ++k) {
      const ChunkKernels& kernels = ChunkKernels::all()[k];
      kernels.masks(text.view().data(), chunks, i % 2 == 1, ',', '"', masks[k]);
      std::vector<uint32_t> out(chunks * 64 + 64);
      out.resize(static_cast<size_t>(kernels.places(masks[k], chunks, 7, out.data()) - out.data()));
      places.push_back(std::move(out));
      EXPECT_TRUE(std::equal(masks[k].lines.begin(), masks[k].lines.begin() + chunks, masks[0].lines.begin()));
      EXPECT_TRUE(std::equal(masks[k].quotes.begin(), masks[k].quotes.begin() + chunks, masks[0].quotes.begin()));
      EXPECT_TRUE(std::equal(masks[k].breaks.begin(), masks[k].breaks.begin() + chunks, masks[0].breaks.begin()));
      EXPECT_EQ(places[k], places[0]);
    }
    for (size_t b = 0; b < chunks * 64; ++b) {
      const std::string_view t = text.view();
      const bool after_cr = b > 0 ? t[b - 1] == '\r' : i % 2 == 1;
      const bool line = t[b] == '\r' || (t[b] == '\n' && !after_cr);
      ASSERT_EQ((masks[0].lines[b / 64] >> (b % 64)) & 1, line ? 1u : 0u);
      ASSERT_EQ((masks[0].parts[b / 64] >> (b % 64)) & 1, t[b] == ',' ? 1u : 0u);
    }
  }
}

// What the fast reader makes of a text, against the page read letter by letter.
void expect_reference(const std::string& text, const CsvDialect& dialect, const ChunkKernels& kernels) {
  const std::vector<ReferenceRow> wanted = reference_rows(text, dialect);
  const RowsFound found = test::rows_found(text, dialect, true, kernels);
  ASSERT_EQ(found.size(), wanted.size()) << testing::PrintToString(text);
  std::vector<bool> broken(found.size());
  for (const auto& row : found.broken) broken[row.row] = true;
  size_t columns = 1;
  for (size_t r = 0; r < wanted.size(); ++r) {
    ASSERT_EQ(found.begin[r], wanted[r].begin) << testing::PrintToString(text);
    ASSERT_EQ(found.end[r], wanted[r].end) << testing::PrintToString(text);
    ASSERT_EQ(broken[r], wanted[r].broken) << testing::PrintToString(text);
    if (!wanted[r].broken) columns = wanted[r].cells.size();
  }
  CsvDialect whole = dialect;
  whole.missing.clear();
  const CsvReading reading(whole, test::texts_schema(columns), kernels);
  const auto rows = test::rows_in(reading, text);
  TableBlock block;
  rows->decode(0, rows->count(), block);
  const std::vector<std::string> texts = test::shown(block);
  std::vector<uint32_t> backwards;
  for (size_t r = 0; r < wanted.size(); ++r) {
    backwards.push_back(static_cast<uint32_t>(wanted.size() - 1 - r));
    std::string expected;
    for (size_t c = 0; c < wanted[r].cells.size(); ++c) expected += (c > 0 ? "|" : "") + wanted[r].cells[c];
    if (wanted[r].broken || wanted[r].cells.size() != columns) {
      ASSERT_TRUE(texts[r].starts_with("BAD ")) << testing::PrintToString(text);
    } else {
      ASSERT_EQ(texts[r], expected) << testing::PrintToString(text);
    }
  }
  TableBlock single, part;
  rows->decode(backwards, single);
  std::vector<std::string> turned = test::shown(single);
  std::reverse(turned.begin(), turned.end());
  EXPECT_EQ(turned, texts);
  if (wanted.size() < 2) return;
  rows->decode(1, wanted.size() - 1, part);
  EXPECT_EQ(test::shown(part), std::vector<std::string>(texts.begin() + 1, texts.end()));
}

TEST(CsvScan, ReadsRandomTextsAsTheReferenceDoes) {
  std::mt19937 random(2);
  const std::vector<std::pair<std::string, CsvDialect>> cases = {
      {"abcdefg,,\n", {}},
      {"ab,\"\n", {}},
      {"ab,,\"\"\n\r", {}},
      {"a,\"\"\"\"\n ", {.space = true}},
      {"ab, \"\r\n", {.space = true}},
      {"a;'\n\"", {.delimiter = ';', .quote = '\''}},
      {"a,\"\n", {.quote = 0}},
      {"a \"\n", {.delimiter = ' ', .space = true}},
  };
  for (const ChunkKernels& kernels : ChunkKernels::all())
    for (const auto& [letters, dialect] : cases)
      for (int i = 0; i < 1500; ++i)
        expect_reference(random_text(random, letters, i % 3 == 0 ? 12 : 300), dialect, kernels);
}

TEST(CsvScan, ReadsQuotedRowsThatMayBeOddInOnePlace) {
  std::mt19937 random(6);
  const auto number = [&](size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random); };
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (size_t r = 0, rows = 1 + number(12); r < rows; ++r) {
      for (size_t c = 0; c < 3; ++c) {
        const std::string cell = random_text(random, i % 2 == 0 ? "abcdef" : "abc,\n", 30);
        text += (c > 0 ? "," : "") + (number(5) == 0 ? cell.substr(0, cell.find_first_of(",\n"))
                                                     : "\"" + cell + (number(9) == 0 ? "\"\"" : "") + "\"");
      }
      text += number(3) == 0 ? "\r\n" : "\n";
    }
    if (i % 3 == 0) text.insert(number(text.size()), 1, '"');
    if (i % 7 == 0) text.erase(number(text.size()), 1);
    for (const ChunkKernels& kernels : ChunkKernels::all()) expect_reference(text, {}, kernels);
  }
}

TEST(CsvScan, ReadsManyRowsOverManyBatches) {
  std::mt19937 random(3);
  std::string text;
  for (int r = 0; r < 3000; ++r)
    text += std::to_string(r) + ",\"" + random_text(random, "ab,\n", 40) + "\",x" + (r % 7 == 0 ? "\r\n\r\n" : "\n");
  for (const ChunkKernels& kernels : ChunkKernels::all()) expect_reference(text, {}, kernels);
}

TEST(CsvScan, LeavesOutARowThatMayGoOn) {
  const auto ends = [](std::string_view text) {
    RowsFound found;
    const CsvText padded = test::text_of_string(text);
    const size_t bytes = find_rows(padded.view(), {}, false, found);
    return std::pair(found.size(), bytes);
  };
  EXPECT_EQ(ends("a,b\nc,d"), std::pair(size_t{1}, size_t{4}));
  EXPECT_EQ(ends("a,b\r"), std::pair(size_t{0}, size_t{0})) << "an LF may follow";
  EXPECT_EQ(ends("a\n\"b\nc"), std::pair(size_t{1}, size_t{2}));
  EXPECT_EQ(ends("a\n\"b\""), std::pair(size_t{1}, size_t{2})) << "a second quote may follow";
  EXPECT_EQ(ends("a\n\"b\"c"), std::pair(size_t{1}, size_t{2}));
}

TEST(CsvScan, AQuoteThatIsNeverClosedCostsOneLine) {
  CsvDialect dialect;
  const CsvReading reading(dialect, test::texts_schema(2));
  EXPECT_THAT(decoded(reading, "1,2\n\"3,4\n5,6\n"),
              ElementsAre("1|2", "BAD t.csv line 2: a quote is opened and never closed", "5|6"));
  // Not by the end of the text but by length.
  std::string text = "1,2\n\"3,4\n";
  while (text.size() < CsvDialect::kMostRowBytes + 1000) text += "some,words\n";
  const std::vector<std::string> rows = decoded(reading, text + "\"x\",y\n");
  EXPECT_EQ(rows[1], "BAD t.csv line 2: a quote is opened and never closed");
  EXPECT_EQ(rows[2], "some|words");
  EXPECT_EQ(rows.back(), "x|y");
}

TEST(CsvScan, SaysWhatIsWrongWithARow) {
  const CsvReading reading({}, TableSchema({{.name = "a", .type = ColumnType::kInt}, {.name = "b"}}));
  EXPECT_THAT(
      decoded(reading,
              "1,x\n\"2\n\n\"z,y\n3\n4,y,z\n5x,\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz,\n\"\n7\",8\n"),
      ElementsAre("1|x", "BAD t.csv line 2: there is text behind the closing quote of a cell",
                  "BAD t.csv line 5 has 1 cell, 2 are expected", "BAD t.csv line 6 has 3 cells, 2 are expected",
                  "BAD t.csv line 7, column 'a': '5x' is no int",
                  "BAD t.csv line 8, column 'a': 'abcdefghijklmnopqrstuvwxyzabcdefghijklmn...' is no int",
                  "BAD t.csv line 9, column 'a': ' 7' is no int"));
}

TEST(CsvScan, AQuoteInsideOfACellIsText) {
  const CsvReading reading({}, test::texts_schema(2));
  EXPECT_THAT(decoded(reading, "5\" disk,it's\n\"a \"\"b\"\" c\",\"\"\n"), ElementsAre("5\" disk|it's", "a \"b\" c|-"));
}

TEST(CountLines, CountsEachKindOnce) {
  for (const ChunkKernels& kernels : ChunkKernels::all()) {
    const CsvText text = test::text_of_string("a\nb\r\nc\r\r\n" + std::string(100, 'x') + "\r\n");
    EXPECT_EQ(count_lines(text.view(), kernels), 5u);
  }
}

}  // namespace
}  // namespace penstock::io
