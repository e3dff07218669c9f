#include <filesystem>

#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
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

}  // namespace
}  // namespace penstock::table
