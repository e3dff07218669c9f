// Tables written as Parquet and read back: the same rows, types and fingerprint; what another program wrote over is not believed.
#include "io/table/arrow/parquet_writer.h"

#include <limits>

#include <arrow/table.h>
#include <gmock/gmock.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include "io/table/arrow/arrow_file.h"
#include "tests/io/table/made_table.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::HasSubstr;

void write_rows(const std::string& path, uint64_t rows, const ColumnsWriterOptions& options) {
  const auto writer = write_parquet(path, TableSchema(made_columns()), options);
  for (uint64_t first = 0; first < rows; first += 700)
    writer->append(made_rows(first, std::min<uint64_t>(700, rows - first)).block);
  writer->finish();
}

/// The file at `path` written by Arrow alone: all its metadata kept, without compression.
void rewrite(const std::string& path, const std::string& to) {
  const auto input = std::make_shared<ArrowInput>(FileSystem::real(), path);
  parquet::arrow::FileReaderBuilder builder;
  input->check(builder.Open(input));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  input->check(builder.Build(&reader));
  const std::shared_ptr<arrow::Table> table = input->check(reader->ReadTable());
  const auto out = std::make_shared<ArrowOutput>(FileSystem::real(), to);
  parquet::WriterProperties::Builder how;
  how.disable_dictionary()->compression(arrow::Compression::UNCOMPRESSED)->disable_statistics();
  auto writer =
      input->check(parquet::arrow::FileWriter::Open(*table->schema(), arrow::default_memory_pool(), out, how.build()));
  input->check(writer->AddKeyValueMetadata(reader->parquet_reader()->metadata()->key_value_metadata()));
  input->check(writer->WriteTable(*table));
  input->check(writer->Close());
  out->file().commit();
}

TEST(ParquetWriter, GivesTheSameRowsInGroups) {
  const TempFolder folder;
  const std::string path = folder / "t.parquet";
  write_rows(path, 5000, {.piece_rows = 1500});
  const auto table = open_columns(path);
  EXPECT_EQ(table->schema().text(), TableSchema(made_columns()).text());
  EXPECT_EQ(table->pieces(), 4u);
  EXPECT_EQ(table->piece_begin(1), 1500u);
  EXPECT_EQ(lines_of(*table), lines_of(made_rows(0, 5000).block));
}

TEST(ParquetWriter, LeavesBadRowsOutAndKeepsTheFingerprint) {
  const TempFolder folder;
  MadeBlock made = made_rows(0, 10);
  std::vector<std::string> wanted = lines_of(made.block);
  made.block.bad = {{0, "one"}, {7, "two"}};
  wanted.erase(wanted.begin() + 7);
  wanted.erase(wanted.begin());
  const auto writer = write_parquet(folder / "t.parquet", TableSchema(made_columns()), {.fingerprint = 77});
  writer->append(made.block);
  writer->finish();
  const auto table = open_columns(folder / "t.parquet");
  EXPECT_EQ(lines_of(*table), wanted);
  EXPECT_EQ(table->fingerprint(), fingerprint_without(77, std::vector<uint64_t>{0, 7}));
}

TEST(ParquetWriter, NothingAndManyTextsFit) {
  const TempFolder folder;
  write_rows(folder / "none.parquet", 0, {.fingerprint = 5});
  EXPECT_EQ(open_columns(folder / "none.parquet")->rows(), 0u);
  EXPECT_EQ(open_columns(folder / "none.parquet")->fingerprint(), 5u);
  // 64 MiB of text end a row group, whatever its rows.
  const std::string text(100'000, 'x');
  TableBlock block;
  block.rows = 1024;
  block.columns.resize(1);
  block.columns[0].texts.assign(block.rows, text);
  const auto writer = write_parquet(folder / "long.parquet", TableSchema({{"note", ColumnType::kText}}));
  writer->append(block);
  writer->append(block);
  writer->finish();
  EXPECT_EQ(open_columns(folder / "long.parquet")->pieces(), 2u);
}

TEST(ParquetWriter, RefusesADateThatParquetCannotSay) {
  const TempFolder folder;
  TableBlock block;
  block.rows = 1;
  block.columns = {ints_column(ColumnType::kDate, {int64_t{1} << 40})};
  const auto writer = write_parquet(folder / "t.parquet", TableSchema({{"day", ColumnType::kDate}}));
  EXPECT_THAT(error_of([&] { writer->append(block); }), HasSubstr("'day'"));
  EXPECT_FALSE(FileSystem::real().exists(folder / "t.parquet"));
}

TEST(ParquetFingerprint, IsNotBelievedOfAFileThatAnotherProgramWrote) {
  const TempFolder folder;
  write_rows(folder / "t.parquet", 300, {.fingerprint = 99});
  EXPECT_EQ(open_columns(folder / "t.parquet")->fingerprint(), 99u);
  rewrite(folder / "t.parquet", folder / "other.parquet");
  EXPECT_EQ(lines_of(*open_columns(folder / "other.parquet")), lines_of(*open_columns(folder / "t.parquet")));
  EXPECT_NE(open_columns(folder / "other.parquet")->fingerprint(), 99u);
}

TEST(ParquetFingerprint, OfAnotherProgramsFileChangesWithEachValue) {
  const TempFolder folder;
  write_rows(folder / "t.parquet", 2000, {});
  rewrite(folder / "t.parquet", folder / "plain.parquet");
  const uint64_t before = open_columns(folder / "plain.parquet")->fingerprint();
  std::string bytes = text_of(folder / "plain.parquet");
  const size_t at = bytes.find("row 1234");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 4] = '9';  // of the same length
  folder.put("plain.parquet", bytes);
  EXPECT_NE(open_columns(folder / "plain.parquet")->fingerprint(), before);
}

}  // namespace
}  // namespace penstock::io
