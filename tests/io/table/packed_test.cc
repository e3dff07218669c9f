// The packed form: what goes in comes out, whatever the types, blocks and threads; damage is found.
#include <algorithm>
#include <thread>

#include <gmock/gmock.h>

#include "io/file/faulty_file_system.h"
#include "io/table/arrow/arrow_table.h"
#include "io/table/table.h"
#include "tests/io/table/made_table.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FileSystem& real() { return FileSystem::real(); }

TEST(PackedTable, GivesBackEveryTypeWithMissingValues) {
  TempFolder folder;
  write_made(folder / "t.arrow", 10000, 777, {.piece_rows = 3000});
  const auto table = open_arrow(folder / "t.arrow", real());
  EXPECT_EQ(table->schema(), TableSchema(made_columns()));
  EXPECT_EQ(table->rows(), 10000u);
  EXPECT_EQ(table->pieces(), 4u);
  EXPECT_EQ(table->piece_begin(3), 9000u);
  EXPECT_EQ(table->piece_begin(4), 10000u);
  EXPECT_EQ(table->piece_of(8999), 2u);
  EXPECT_THAT(table->notes(), IsEmpty());
  EXPECT_EQ(lines_of(*table), lines_of(made_rows(0, 10000).block));
  EXPECT_FALSE(real().exists(folder / "t.arrow.tmp"));
  EXPECT_FALSE(real().exists(folder / "t.arrow.pieces"));
}

TEST(PackedTable, GivesSingleRowsAndSomeColumnsInAnyOrder) {
  TempFolder folder;
  write_made(folder / "t.arrow", 5000, 5000, {.piece_rows = 2000});
  const auto table = open_arrow(folder / "t.arrow", real());
  const std::vector<size_t> columns{9, 6, 1, 4, 8, 7};
  const auto rows = table->fetch(1, columns);
  EXPECT_EQ(rows->first(), 2000u);
  EXPECT_LE(rows->bytes(), table->max_piece_bytes(columns));
  const std::vector<uint32_t> wanted{1999, 0, 7, 7, 1024};
  TableBlock some, range;
  rows->decode(wanted, some);
  const MadeBlock made = made_rows(2000, 2000);
  for (size_t i = 0; i < wanted.size(); ++i)
    for (size_t c = 0; c < columns.size(); ++c)
      EXPECT_EQ(cell(some.columns[c], i), cell(made.block.columns[columns[c]], wanted[i]));
  for (const size_t from : {0u, 1u, 7u, 8u, 13u, 1990u}) {  // bits begin in the middle of a byte
    rows->decode(from, 10, range);
    for (size_t i = 0; i < 10; ++i)
      for (size_t c = 0; c < columns.size(); ++c)
        EXPECT_EQ(cell(range.columns[c], i), cell(made.block.columns[columns[c]], from + i)) << from;
  }
}

TEST(PackedTable, TheFileAndItsFingerprintAreThoseOfTheRowsNotOfTheBlocks) {
  TempFolder folder;
  write_made(folder / "a.arrow", 4000, 4000);
  write_made(folder / "b.arrow", 4000, 13);
  write_made(folder / "c.arrow", 4000, 500, {.piece_rows = 700});
  write_made(folder / "d.arrow", 3999, 500);
  EXPECT_EQ(text_of(folder / "a.arrow"), text_of(folder / "b.arrow"));
  const auto sum = [&](const char* name) { return open_arrow(folder / name, real())->fingerprint(); };
  EXPECT_EQ(sum("a.arrow"), sum("c.arrow"));
  EXPECT_NE(sum("a.arrow"), sum("d.arrow"));
  write_made(folder / "e.arrow", 100, 50, {.fingerprint = 77});
  EXPECT_EQ(sum("e.arrow"), 77u);
}

TEST(PackedTable, OfNoRowsAndOfOne) {
  TempFolder folder;
  write_made(folder / "none.arrow", 0, 10);
  const auto none = open_arrow(folder / "none.arrow", real());
  EXPECT_EQ(none->rows(), 0u);
  EXPECT_EQ(none->pieces(), 0u);
  EXPECT_EQ(none->piece_begin(0), 0u);
  EXPECT_EQ(none->schema(), TableSchema(made_columns()));
  write_made(folder / "one.arrow", 1, 10);
  EXPECT_EQ(lines_of(*open_arrow(folder / "one.arrow", real())), lines_of(made_rows(0, 1).block));
}

TEST(PackedTable, OfThousandsOfColumnsHasSmallerPieces) {
  TempFolder folder;
  std::vector<ColumnSpec> columns;
  TableBlock block;
  block.rows = 3000;
  for (int c = 0; c < 5000; ++c) {
    columns.push_back({"c" + std::to_string(c), ColumnType::kInt});
    std::vector<int64_t> values(block.rows);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(i) * c % 100;
    block.columns.push_back(ints_column(ColumnType::kInt, std::move(values)));
  }
  const auto writer = write_columns(folder / "wide.arrow", TableSchema(columns));
  writer->append(block);
  writer->finish();
  const auto table = open_arrow(folder / "wide.arrow", real());
  EXPECT_EQ(table->pieces(), 3u);
  const std::vector<size_t> few{17, 4999};
  EXPECT_LT(table->max_piece_bytes(few), 10000u);
  TableBlock out;
  table->fetch(1, few)->decode(0, 5, out);
  EXPECT_THAT(lines_of(out), ElementsAre(cell(block.columns[17], 1024) + "|" + cell(block.columns[4999], 1024),
                                         cell(block.columns[17], 1025) + "|" + cell(block.columns[4999], 1025),
                                         cell(block.columns[17], 1026) + "|" + cell(block.columns[4999], 1026),
                                         cell(block.columns[17], 1027) + "|" + cell(block.columns[4999], 1027),
                                         cell(block.columns[17], 1028) + "|" + cell(block.columns[4999], 1028)));
}

TEST(PackedTable, LeavesBadRowsOutAndSaysSoByItsFingerprint) {
  TempFolder folder;
  MadeBlock made = made_rows(0, 10);
  std::vector<std::string> expected = lines_of(made.block);
  made.block.bad = {{0, "x"}, {4, "x"}, {9, "x"}};
  expected.erase(expected.begin() + 9);
  expected.erase(expected.begin() + 4);
  expected.erase(expected.begin());
  const auto writer = write_columns(folder / "t.arrow", TableSchema(made_columns()), {.fingerprint = 5});
  writer->append(made.block);
  writer->finish();
  const auto table = open_arrow(folder / "t.arrow", real());
  EXPECT_EQ(lines_of(*table), expected);
  EXPECT_NE(table->fingerprint(), 5u);
}

TEST(PackedTable, BlocksOfOneTableShareTheirDictionary) {
  TempFolder folder;
  write_made(folder / "t.arrow", 20000, 20000, {.piece_rows = 6000});
  const auto table = open_arrow(folder / "t.arrow", real());
  const std::vector<size_t> columns{6, 7};
  TableBlock a, b;
  const auto first = table->fetch(0, columns), last = table->fetch(3, columns);
  first->decode(0, 100, a);
  last->decode(0, 100, b);
  ASSERT_NE(a.columns[0].dictionary, nullptr);
  EXPECT_EQ(a.columns[0].dictionary, b.columns[0].dictionary);
  EXPECT_EQ(a.columns[0].dictionary->size(), 300u);
  EXPECT_EQ(a.columns[1].dictionary, nullptr) << "texts that nearly all differ are kept as they are";
  EXPECT_EQ(a.columns[1].texts.size(), 100u);
}

TEST(PackedTable, PacksWhatIsPacked) {
  TempFolder folder;
  write_made(folder / "a.arrow", 9000, 9000, {.piece_rows = 2500});
  const auto table = open_arrow(folder / "a.arrow", real());
  const auto writer =
      write_columns(folder / "b.arrow", table->schema(), {.fingerprint = table->fingerprint(), .piece_rows = 2500});
  for (uint64_t p = 0; p < table->pieces(); ++p) {
    TableBlock block;
    const auto rows = table->fetch(p, all_columns(*table));
    rows->decode(0, rows->count(), block);
    writer->append(block);
  }
  writer->finish();
  EXPECT_EQ(text_of(folder / "a.arrow"), text_of(folder / "b.arrow"));
}

TEST(PackedTable, ManyThreadsReadTheSame) {
  TempFolder folder;
  write_made(folder / "t.arrow", 8000, 8000, {.piece_rows = 1000});
  const auto table = open_arrow(folder / "t.arrow", real());
  const std::vector<std::string> expected = lines_of(*table);
  std::vector<std::thread> threads;
  std::vector<std::vector<std::string>> found(4);
  for (auto& mine : found) threads.emplace_back([&] { mine = lines_of(*table); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : found) EXPECT_EQ(mine, expected);
}

// Whoever reads all of it, as verify does: the error, or "" where everything is as it was.
std::string read_all(const std::string& path, const std::vector<std::string>& expected) {
  return error_of([&] {
    const auto table = open_arrow(path, real());
    if (lines_of(*table) != expected) throw Error(Code::kInternal, "other rows without a word");
  });
}

TEST(PackedTable, ABitFlippedAnywhereIsFoundOrHarmless) {
  TempFolder folder;
  write_made(folder / "t.arrow", 40, 40, {.piece_rows = 20});
  const std::string good = text_of(folder / "t.arrow");
  const auto expected = lines_of(made_rows(0, 40).block);
  size_t found = 0;
  for (size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    folder.put("t.arrow", bad);
    const std::string error = read_all(folder / "t.arrow", expected);
    EXPECT_THAT(error, Not(HasSubstr("internal"))) << "byte " << at << " of " << good.size();
    found += !error.empty();
  }
  EXPECT_GT(found, good.size() / 7 / 2);
}

TEST(PackedTable, AFileCutAnywhereIsAnError) {
  TempFolder folder;
  write_made(folder / "t.arrow", 40, 40, {.piece_rows = 20});
  const std::string good = text_of(folder / "t.arrow");
  for (size_t bytes = 0; bytes < good.size(); bytes += 61) {
    folder.put("t.arrow", good.substr(0, bytes));
    EXPECT_THAT(read_all(folder / "t.arrow", {}), HasSubstr("data: ")) << bytes;
  }
}

TEST(PackedTable, NamesColumnAndRowsWhoseChecksumDiffers) {
  TempFolder folder;
  write_made(folder / "t.arrow", 3000, 3000, {.piece_rows = 1000});
  const auto place = open_arrow(folder / "t.arrow", real())->locate(1500);
  std::string bytes = text_of(folder / "t.arrow");
  bytes[place.offset + 200] ^= 1;
  folder.put("t.arrow", bytes);
  const auto table = open_arrow(folder / "t.arrow", real());
  EXPECT_EQ(error_of([&] { table->fetch(0, all_columns(*table)); }), "");
  EXPECT_THAT(error_of([&] { table->fetch(1, all_columns(*table)); }), HasSubstr("column 'tiny' in rows 1000 to 1999"));
  const std::vector<size_t> others{3, 5};
  EXPECT_EQ(error_of([&] { table->fetch(1, others); }), "") << "what nobody asked for is not read";
}

TEST(PackedTable, NoticesThatItsFileWasWrittenTo) {
  TempFolder folder;
  write_made(folder / "t.arrow", 100, 100);
  const auto table = open_arrow(folder / "t.arrow", real());
  const uint64_t state = table->state();
  std::ofstream(folder / "t.arrow", std::ios::app) << "x";
  EXPECT_NE(table->state(), state);
  EXPECT_THAT(error_of([&] { table->fetch(0, all_columns(*table)); }), HasSubstr("was written to"));
}

TEST(PackedTable, AFailingDiskIsAnErrorOfTheDisk) {
  TempFolder folder;
  write_made(folder / "t.arrow", 100, 100);
  FaultyFileSystem fs;
  const auto table = open_arrow(folder / "t.arrow", fs);
  fs.plan({{.op = FileOp::kRead, .errno_value = 5, .times = 100}});
  EXPECT_THAT(error_of([&] { table->fetch(0, all_columns(*table)); }), HasSubstr("io: cannot read"));
  EXPECT_THAT(error_of([&] { open_arrow(folder / "t.arrow", fs); }), HasSubstr("io: "));
}

TEST(WriteColumns, ACrashOrFaultAtAnyOperationLeavesTheOldFileOrTheNew) {
  TempFolder folder;
  FaultyFileSystem counting;
  write_made(folder / "new.arrow", 300, 100, {.piece_rows = 100}, counting);
  const std::string whole = text_of(folder / "new.arrow");
  ASSERT_GT(counting.operations(), 20u);
  size_t kept = 0;
  for (const auto does : {PlannedFault::Does::kCrash, PlannedFault::Does::kCrashTorn, PlannedFault::Does::kFail}) {
    for (uint64_t n = 1; n <= counting.operations(); ++n) {
      folder.put("t.arrow", "old");
      FaultyFileSystem fs({{.nth = n, .does = does, .errno_value = 28}});
      const std::string error = error_of([&] { write_made(folder / "t.arrow", 300, 100, {.piece_rows = 100}, fs); });
      const std::string found = text_of(folder / "t.arrow");
      EXPECT_TRUE(found == "old" || found == whole) << "operation " << n << ": " << found.size() << " bytes";
      kept += found == "old";
      EXPECT_TRUE(!error.empty() || found == whole) << n;
    }
  }
  EXPECT_GT(kept, counting.operations());
  write_made(folder / "t.arrow", 300, 100, {.piece_rows = 100});
  EXPECT_EQ(text_of(folder / "t.arrow"), whole) << "what was left behind is in nobody's way";
}

}  // namespace
}  // namespace penstock::io
