// Tables packed from text: the same rows, bad ones listed, shuffled out of core, told when done before; and verified.
#include "pipelines/pack/pack_table.h"

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>

#include "io/file/faulty_file_system.h"
#include "pipelines/inspect/verify_table.h"
#include "tests/io/table/made_table.h"
#include "tests/io/temp_folder.h"

namespace penstock {
namespace {

using io::error_of;
using io::lines_of;
using io::TempFolder;
using io::text_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Has a row with a cell too few after each `bad` good ones.
std::string csv_text(int rows, int bad = 0) {
  std::string text = "id,city,price,day\n";
  for (int i = 0; i < rows; ++i) {
    text += std::to_string(i) + ",city " + std::to_string(i % 37) + "," +
            (i % 5 == 0 ? "" : std::to_string(i) + ".25") + ",2015-07-" + std::to_string(10 + i % 20) + "\n";
    if (bad > 0 && i % bad == bad - 1) text += "only one cell\n";
  }
  return text;
}

struct World {
  Cores cores{2};
  NoProgress progress;
  TempFolder folder;
  TablePackResult pack(const std::string& from, const TablePackOptions& options,
                       io::FileSystem& fs = io::FileSystem::real()) {
    return pack_table(*io::open_columns(from), options, cores, progress, {}, fs);
  }
};

std::vector<std::string> good_lines(const io::Table& table) {
  std::vector<std::string> lines = lines_of(table);
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("bad: "); });
  return lines;
}

TEST(PackTable, GivesTheRowsOfTheTextAndItsFingerprint) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(20000));
  const auto result = world.pack(csv, {.dest = world.folder / "t.arrow", .memory_bytes = 1 << 20});
  EXPECT_EQ(result.rows, 20000u);
  EXPECT_FALSE(result.already_complete);
  const auto text = io::open_columns(csv), packed = io::open_columns(world.folder / "t.arrow");
  EXPECT_EQ(lines_of(*packed), lines_of(*text));
  EXPECT_EQ(packed->fingerprint(), text->fingerprint());
  EXPECT_EQ(packed->schema().text(), "id int, city text, price real, day date");
  EXPECT_TRUE(world.pack(csv, {.dest = world.folder / "t.arrow"}).already_complete);
}

TEST(PackTable, ListsBadRowsAndKnowsItsWorkAgain) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(3000, 1000));
  for (const bool shuffle : {false, true}) {
    const TablePackOptions options{.dest = world.folder / (shuffle ? "s.arrow" : "t.arrow"), .shuffle = shuffle};
    const auto result = world.pack(csv, options);
    EXPECT_EQ(result.rows, 3000u);
    ASSERT_EQ(result.rejected.size(), 3u);
    EXPECT_EQ(result.rejected[0].id, 1000u);
    EXPECT_THAT(result.rejected[0].reason, HasSubstr("cell"));
    EXPECT_THAT(text_of(result.rejected_file), HasSubstr("\"id\":2001"));
    EXPECT_NE(io::open_columns(options.dest)->fingerprint(), io::open_columns(csv)->fingerprint());
    const auto again = world.pack(csv, options);
    EXPECT_TRUE(again.already_complete);
    EXPECT_EQ(again.rejected.size(), 3u);
  }
  EXPECT_EQ(lines_of(*io::open_columns(world.folder / "t.arrow")), good_lines(*io::open_columns(csv)));
}

TEST(PackTable, ShufflesAllRowsTheSameWhateverTheMemory) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(9000, 4000));
  world.pack(csv, {.dest = world.folder / "a.arrow", .shuffle = true});
  world.pack(csv, {.dest = world.folder / "b.arrow", .shuffle = true, .memory_bytes = 20000});
  world.pack(csv, {.dest = world.folder / "c.arrow", .shuffle = true, .seed = 2});
  EXPECT_FALSE(io::FileSystem::real().exists(world.folder / "b.arrow.shuffle"));
  const auto a = lines_of(*io::open_columns(world.folder / "a.arrow"));
  EXPECT_EQ(a, lines_of(*io::open_columns(world.folder / "b.arrow")));
  EXPECT_NE(a, lines_of(*io::open_columns(world.folder / "c.arrow")));
  std::vector<std::string> sorted = a, expected = good_lines(*io::open_columns(csv));
  EXPECT_NE(sorted, expected);
  std::ranges::sort(sorted);
  std::ranges::sort(expected);
  EXPECT_EQ(sorted, expected);
}

TEST(PackTable, ParquetAndCsvHoldTheSameRowsAndAreKnownAgain) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(4000, 900));
  for (const auto& [format, name] :
       {std::pair(TableFormat::kParquet, "t.parquet"), std::pair(TableFormat::kCsv, "packed.csv")}) {
    const TablePackOptions options{.dest = world.folder / name, .format = format};
    const auto result = world.pack(csv, options);
    EXPECT_EQ(result.rows, 4000u) << name;
    EXPECT_EQ(result.rejected.size(), 4u) << name;
    EXPECT_EQ(lines_of(*io::open_columns(options.dest)), good_lines(*io::open_columns(csv))) << name;
    const auto again = world.pack(csv, options);
    EXPECT_TRUE(again.already_complete) << name;
    EXPECT_EQ(again.rows, 4000u) << name;
    EXPECT_THAT(error_of([&] { world.pack(csv, {.dest = options.dest, .format = format, .limit = 10}); }),
                HasSubstr("is there already"));
    // Shuffled, they hold the rows of the packed form in its order.
    world.pack(csv, {.dest = world.folder / "s.arrow", .shuffle = true});
    world.pack(csv, {.dest = world.folder / ("s-" + std::string(name)), .format = format, .shuffle = true});
    EXPECT_EQ(lines_of(*io::open_columns(world.folder / ("s-" + std::string(name)))),
              lines_of(*io::open_columns(world.folder / "s.arrow")));
  }
}

TEST(PackTable, FromCsvToPackedToCsvNothingChanges) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(1000));
  world.pack(csv, {.dest = world.folder / "t.arrow"});
  world.pack(world.folder / "t.arrow", {.dest = world.folder / "t.parquet", .format = TableFormat::kParquet});
  world.pack(world.folder / "t.parquet", {.dest = world.folder / "back.csv", .format = TableFormat::kCsv});
  EXPECT_EQ(text_of(world.folder / "back.csv"), text_of(csv));
  EXPECT_EQ(io::open_columns(world.folder / "t.parquet")->fingerprint(), io::open_columns(csv)->fingerprint());
}

TEST(PackTable, TakesTheFirstRowsAlone) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(5000));
  const TablePackOptions options{.dest = world.folder / "t.arrow", .limit = 1234};
  EXPECT_EQ(world.pack(csv, options).rows, 1234u);
  auto expected = lines_of(*io::open_columns(csv));
  expected.resize(1234);
  EXPECT_EQ(lines_of(*io::open_columns(options.dest)), expected);
  EXPECT_TRUE(world.pack(csv, options).already_complete);
  EXPECT_THAT(error_of([&] { world.pack(csv, {.dest = options.dest}); }), HasSubstr("usage: "));
}

TEST(PackTable, RefusesWhatIsThereAlready) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(10)), other = world.folder.put("o.csv", csv_text(11));
  world.pack(csv, {.dest = world.folder / "t.arrow"});
  for (const std::string& dest : {world.folder / "t.arrow", world.folder.put("x.arrow", "something else"), csv})
    EXPECT_THAT(error_of([&] { world.pack(other, {.dest = dest}); }), HasSubstr("is there already")) << dest;
}

TEST(PackTable, AFaultAtAnyOperationLeavesNothingOrAll) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(300, 100));
  for (const auto& [name, format, shuffle] :
       {std::tuple("t.arrow", TableFormat::kArrow, false), std::tuple("t.arrow", TableFormat::kArrow, true),
        std::tuple("t.parquet", TableFormat::kParquet, false), std::tuple("packed.csv", TableFormat::kCsv, false)}) {
    const std::string dest = world.folder / name;
    const TablePackOptions options{.dest = dest, .format = format, .shuffle = shuffle};
    io::FaultyFileSystem counting;
    world.pack(csv, options, counting);
    const std::string whole = text_of(dest);
    for (uint64_t n = 1; n <= counting.operations(); ++n) {
      io::FileSystem::real().remove_all(dest);
      io::FileSystem::real().remove_all(dest + ".rejected.jsonl");
      io::FileSystem::real().remove_all(dest + ".schema");
      io::FaultyFileSystem fs({{.nth = n, .does = io::PlannedFault::Does::kCrash}});
      const std::string error = error_of([&] { world.pack(csv, options, fs); });
      const bool there = io::FileSystem::real().exists(dest);
      EXPECT_TRUE(there || !error.empty()) << n;
      if (there) { EXPECT_EQ(text_of(dest), whole) << n; }
      EXPECT_EQ(world.pack(csv, options).rows, 300u) << n;
      EXPECT_EQ(text_of(dest), whole) << n;
    }
    io::FileSystem::real().remove_all(dest);
    io::FileSystem::real().remove_all(dest + ".rejected.jsonl");
  }
}

TEST(VerifyTable, NamesDamagedPiecesAndBadRows) {
  World world;
  const std::string csv = world.folder.put("t.csv", csv_text(500, 200));
  const auto bad = verify_table(*io::open_columns(csv), world.cores, world.progress);
  EXPECT_EQ(bad.records, 502u);
  ASSERT_EQ(bad.damaged.size(), 2u);
  EXPECT_EQ(bad.damaged[1].id, 401u);
  const std::string path = world.folder / "t.arrow";
  io::write_made(path, 3000, 3000, {.piece_rows = 1000});
  EXPECT_TRUE(verify_table(*io::open_columns(path), world.cores, world.progress).damaged.empty());
  const Location place = io::open_columns(path)->locate(1500);
  std::string bytes = text_of(path);
  bytes[place.offset + 100] ^= 4;
  world.folder.put("t.arrow", bytes);
  const auto damaged = verify_table(*io::open_columns(path), world.cores, world.progress);
  EXPECT_EQ(damaged.records, 3000u);
  ASSERT_EQ(damaged.damaged.size(), 1u);
  EXPECT_EQ(damaged.damaged[0].name, "rows 1000 to 1999");
  EXPECT_THAT(damaged.damaged[0].reason, HasSubstr("checksum"));
}

}  // namespace
}  // namespace penstock
