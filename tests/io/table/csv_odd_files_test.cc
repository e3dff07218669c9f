// Files of other projects' tests: nothing crashes, and where Arrow's reader and ours take a file they read the same values.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include <arrow/api.h>
#include <arrow/csv/api.h>
#include <arrow/io/memory.h>
#include <arrow/util/compression.h>
#include <nlohmann/json.hpp>

#include "io/table/csv/csv_table.h"
#include "tests/io/table/csv_text.h"
#include "tests/io/temp_folder.h"
#include "tests/support/data_dir.h"

namespace penstock::io {
namespace {

std::string unpacked(const std::string& bytes) {
  const auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP).ValueOrDie();
  std::string out(16 << 20, '\0');
  out.resize(static_cast<size_t>(
      codec
          ->Decompress(static_cast<int64_t>(bytes.size()), reinterpret_cast<const uint8_t*>(bytes.data()),
                       static_cast<int64_t>(out.size()), reinterpret_cast<uint8_t*>(out.data()))
          .ValueOrDie()));
  return out;
}

/// The regular files of a ustar.
std::map<std::string, std::string> members(const std::string& tar) {
  std::map<std::string, std::string> out;
  for (size_t at = 0; at + 512 <= tar.size() && tar[at] != 0;) {
    const size_t size = std::stoul(tar.substr(at + 124, 11), nullptr, 8);
    const std::string prefix(tar.c_str() + at + 345);
    if (tar[at + 156] == '0')
      out[(prefix.empty() ? "" : prefix + "/") + std::string(tar.substr(at, 100).c_str())] = tar.substr(at + 512, size);
    at += 512 + (size + 511) / 512 * 512;
  }
  return out;
}

std::map<std::string, std::string> odd_files(const std::string& name) {
  const auto folder = penstock::test::data_dir("odd-files");
  if (folder.empty()) return {};
  return members(unpacked(read_file(FileSystem::real(), folder / "csv" / name)));
}

std::vector<std::string> all_rows(const Table& table, uint64_t* bad) {
  std::vector<size_t> columns(table.schema().size());
  std::iota(columns.begin(), columns.end(), size_t{0});
  std::vector<std::string> out;
  TableBlock block;
  for (uint64_t p = 0; p < table.pieces(); ++p) {
    const auto rows = table.fetch(p, columns);
    rows->decode(0, rows->count(), block);
    *bad += block.bad.size();
    for (std::string& row : test::shown(block)) out.push_back(std::move(row));
  }
  return out;
}

/// Arrow's rows, told which types to read, or nothing where it refuses.
std::vector<std::string> arrow_rows(const std::string& text, const CsvForm& form) {
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.delimiter = form.dialect.delimiter;
  parse.quoting = form.dialect.quote != 0;
  parse.quote_char = form.dialect.quote;
  parse.newlines_in_values = true;
  auto read = arrow::csv::ReadOptions::Defaults();
  for (const ColumnSpec& column : form.schema.columns()) read.column_names.push_back(column.name);
  if (form.dialect.header != CsvDialect::Header::kNo) read.skip_rows_after_names = 1;
  auto convert = arrow::csv::ConvertOptions::Defaults();
  convert.null_values = form.dialect.missing;
  convert.strings_can_be_null = true;
  convert.check_utf8 = false;
  for (const ColumnSpec& column : form.schema.columns())
    convert.column_types[column.name] = column.type == ColumnType::kInt    ? arrow::int64()
                                        : column.type == ColumnType::kReal ? arrow::float64()
                                                                           : arrow::utf8();
  auto reader = arrow::csv::TableReader::Make(arrow::io::default_io_context(),
                                              std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(
                                                  text.substr(std::min(text.size(), text.find_first_not_of("\r\n"))))),
                                              read, parse, convert);
  if (!reader.ok()) return {};
  const auto got = (*reader)->Read();
  if (!got.ok()) return {};
  const auto table = (*got)->CombineChunks().ValueOrDie();
  std::vector<std::string> out(static_cast<size_t>(table->num_rows()));
  for (int c = 0; c < table->num_columns() && table->num_rows() > 0; ++c) {
    const auto column = table->column(c)->chunk(0);
    for (size_t r = 0; r < out.size(); ++r) {
      std::string cell = "-";
      const auto at = static_cast<int64_t>(r);
      if (!column->IsNull(at)) {
        const auto type = form.schema.columns()[static_cast<size_t>(c)].type;
        if (type == ColumnType::kInt)
          cell = std::to_string(std::static_pointer_cast<arrow::Int64Array>(column)->Value(at));
        else if (type == ColumnType::kReal)
          cell = std::to_string(std::static_pointer_cast<arrow::DoubleArray>(column)->Value(at));
        else
          cell = std::static_pointer_cast<arrow::StringArray>(column)->GetString(at);
      }
      out[r] += (c > 0 ? "|" : "") + cell;
    }
  }
  return out;
}

struct Tally {
  size_t files = 0, refused = 0, with_bad_rows = 0, arrow_refused = 0, same = 0, rows = 0;
};

void compare(const std::map<std::string, std::string>& files, Tally& tally) {
  const TempFolder folder;
  const TableOptions options{.cache_folder = folder / "cache"};
  for (const auto& [name, text] : files) {
    if (!name.ends_with(".csv") && !name.ends_with(".tsv")) continue;
    if (name.ends_with("null_padding/16.csv")) continue;  // a line of NULs alone, which Arrow leaves out
    ++tally.files;
    folder.put("t.csv", text);
    std::unique_ptr<Table> table;
    try {
      table = open_columns(folder / "t.csv", options);
    } catch (const Error& error) {
      ++tally.refused;
      EXPECT_TRUE(error.code() == Code::kUsage || error.code() == Code::kData) << name << ": " << error.what();
      continue;
    }
    uint64_t bad = 0;
    const CsvDialect& dialect = dynamic_cast<const CsvTable&>(*table).form().dialect;
    const RowsFound found = test::rows_found(text, dialect);
    if (!found.broken.empty() && found.broken[0].row == 0) continue;  // a header that no two readers take for the same
    CsvForm form = dynamic_cast<const CsvTable&>(*table).form();
    const std::vector<std::string> typed = all_rows(*table, &bad);
    if (bad > 0) {
      ++tally.with_bad_rows;
      continue;
    }
    // Dates and truth values as text: what they are is checked elsewhere.
    std::vector<ColumnSpec> columns = form.schema.columns();
    for (ColumnSpec& column : columns)
      if (column.type != ColumnType::kInt && column.type != ColumnType::kReal) column = {.name = column.name};
    form.schema = TableSchema(columns);
    folder.put("t.csv.schema", csv_form_text(form));
    const std::vector<std::string> ours = all_rows(*open_columns(folder / "t.csv", options), &bad);
    std::filesystem::remove(folder / "t.csv.schema");
    EXPECT_EQ(ours.size(), typed.size()) << name;
    std::vector<std::string> theirs = form.dialect.space ? std::vector<std::string>() : arrow_rows(text, form);
    if (theirs.empty() && !ours.empty()) {
      ++tally.arrow_refused;
      continue;
    }
    EXPECT_EQ(ours, theirs) << name;
    ++tally.same;
    tally.rows += ours.size();
  }
}

TEST(CsvOddFiles, AreReadAsArrowReadsThem) {
  Tally tally;
  for (const char* name : {"duckdb_data_csv.tar.gz", "csv-spectrum.tar.gz", "pollock_polluted.tar.gz"})
    compare(odd_files(name), tally);
  if (tally.files == 0) GTEST_SKIP() << "no data set odd-files: set PENSTOCK_DATA";
  std::cout << tally.files << " files: " << tally.refused << " refused, " << tally.with_bad_rows << " with bad rows, "
            << tally.arrow_refused << " that Arrow refuses, " << tally.same << " the same (" << tally.rows
            << " rows)\n";
  EXPECT_GT(tally.same, 250u);
}

TEST(CsvOddFiles, SpectrumSaysWhatItsJsonSays) {
  const auto files = odd_files("csv-spectrum.tar.gz");
  if (files.empty()) GTEST_SKIP() << "no data set odd-files: set PENSTOCK_DATA";
  const TempFolder folder;
  size_t compared = 0;
  for (const auto& [name, text] : files) {
    if (!name.starts_with("json/")) continue;
    const std::string stem = name.substr(5, name.size() - 10);
    const auto wanted = nlohmann::json::parse(text);
    std::string rows_text = files.at("csvs/" + stem + ".csv");
    if (stem.ends_with("_crlf") && rows_text.find('\r') == std::string::npos)  // lost where it was kept
      for (size_t at = 0; (at = rows_text.find('\n', at)) != std::string::npos; at += 2) rows_text.insert(at, 1, '\r');
    folder.put("t.csv", rows_text);
    const auto looked = open_columns(folder / "t.csv", {.cache_folder = folder / "cache"});
    CsvForm form = dynamic_cast<const CsvTable&>(*looked).form();
    form.dialect.header = CsvDialect::Header::kYes;
    form.dialect.missing.clear();
    std::vector<ColumnSpec> columns;
    for (const ColumnSpec& column : looked->schema().columns()) columns.push_back({.name = column.name});
    form.schema = TableSchema(columns);
    folder.put("t.csv.schema", csv_form_text(form));
    const auto table = open_columns(folder / "t.csv", {.cache_folder = folder / "cache"});
    std::filesystem::remove(folder / "t.csv.schema");
    ASSERT_EQ(table->rows(), wanted.size()) << stem;
    std::vector<size_t> all(columns.size());
    std::iota(all.begin(), all.end(), size_t{0});
    TableBlock block;
    const auto rows = table->fetch(0, all);
    rows->decode(0, rows->count(), block);
    for (size_t r = 0; r < wanted.size(); ++r)
      for (size_t c = 0; c < columns.size(); ++c) {
        EXPECT_EQ(block.columns[c].text(r), wanted[r].at(columns[c].name).get<std::string>()) << stem;
        ++compared;
      }
  }
  EXPECT_GT(compared, 50u);
}

}  // namespace
}  // namespace penstock::io
