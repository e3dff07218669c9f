#include <filesystem>

#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/table/marked_table.h"
#include "stages/table/prepare/prepare.h"
#include "tests/support/memory_table.h"

namespace penstock::table {
namespace {

// A file that says how many rows it was given.
class CountingWriter final : public io::ColumnsWriter {
 public:
  explicit CountingWriter(std::string path) : path_(std::move(path)) {}
  void append(const io::TableBlock& block) override { rows_ += block.rows; }
  void finish() override { io::write_file(io::FileSystem::real(), path_, std::to_string(rows_)); }

 private:
  std::string path_;
  size_t rows_ = 0;
};

TEST(PrepareInto, MakesTheSameTableOnceAndAnotherForAnotherSpec) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("penstock-prepared-" + std::to_string(::getpid()))).string();
  test::MemoryTable table(io::TableSchema({{"a", io::ColumnType::kInt}}));
  for (int i = 0; i < 250; ++i) table.add({std::to_string(i)});
  int made = 0;
  const auto prepare = [&](const std::string& where) {
    return prepare_into(folder, {.where = {where}}, table, {},
                        [&](const std::string& path, const io::TableSchema&, const io::ColumnsWriterOptions&) {
                          ++made;
                          return std::make_unique<CountingWriter>(path);
                        });
  };
  const Prepared first = prepare("a > 9"), again = prepare("a > 9"), other = prepare("a > 99");
  EXPECT_EQ(made, 2);
  EXPECT_FALSE(first.reused);
  EXPECT_TRUE(again.reused);
  EXPECT_EQ(first.path, again.path);
  EXPECT_NE(first.path, other.path);
  EXPECT_EQ(again.report, first.report);
  EXPECT_EQ(again.report.back(), "240 of 250 rows prepared");
  EXPECT_EQ(io::read_file(io::FileSystem::real(), other.path), "150");
  EXPECT_THROW(prepare("a > 999"), Error);
  EXPECT_THROW(prepare("a > 999"), Error);  // nothing was left behind that looks made
  std::filesystem::remove_all(folder);
}

TEST(PrepareInto, RowsThatCannotBeReadKeepTheirPlaceAndTheirReason) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("penstock-prepared-bad-" + std::to_string(::getpid()))).string();
  test::MemoryTable table(io::TableSchema({{"a", io::ColumnType::kInt}}));
  for (int i = 0; i < 250; ++i) table.add({std::to_string(i)});
  table.bad[4] = "t.csv line 6 has 3 cells,\nthe header has 1";
  table.bad[249] = "t.csv line 251, column 'a': 'x' is no int";
  const auto prepare = [&](const std::string& where) {
    return prepare_into(folder, {.where = {where}}, table, {},
                        [&](const std::string& path, const io::TableSchema&, const io::ColumnsWriterOptions&) {
                          return std::make_unique<CountingWriter>(path);
                        });
  };
  for (const bool reused : {false, true}) {
    const Prepared prepared = prepare("a > 9");
    EXPECT_EQ(prepared.reused, reused);
    EXPECT_EQ(io::read_file(io::FileSystem::real(), prepared.path), "241");  // 10 to 248, and two
    ASSERT_EQ(prepared.bad.size(), 2u);
    EXPECT_EQ(prepared.bad[0].row, 0u);
    EXPECT_EQ(prepared.bad[0].reason, "t.csv line 6 has 3 cells, the header has 1");
    EXPECT_EQ(prepared.bad[1].row, 240u);
    EXPECT_EQ(prepared.report.front(), "2 rows cannot be read, first: t.csv line 6 has 3 cells, the header has 1");
  }
  EXPECT_THROW(prepare("a > 999"), Error);  // none but those
  std::filesystem::remove_all(folder);

  const auto shared = std::make_shared<test::MemoryTable>(io::TableSchema({{"a", io::ColumnType::kInt}}));
  for (int i = 0; i < 250; ++i) shared->add({std::to_string(i)});
  const auto marked = io::with_bad_rows(shared, {{7, "seven"}, {120, "much"}});
  io::TableBlock block;
  const size_t columns[] = {0};
  const auto first = marked->fetch(0, columns), second = marked->fetch(1, columns);
  first->decode(5, 10, block);
  ASSERT_EQ(block.bad.size(), 1u);
  EXPECT_EQ(block.bad[0].row, 2u);
  EXPECT_EQ(block.bad[0].reason, "seven");
  const uint32_t some[] = {3, 20, 4};
  second->decode(some, block);
  ASSERT_EQ(block.bad.size(), 1u);
  EXPECT_EQ(block.bad[0].row, 1u);
  EXPECT_EQ(io::with_bad_rows(shared, {}), shared);
}

}  // namespace
}  // namespace penstock::table
