// Text files as a table.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/table/csv/csv_index.h"
#include "io/table/csv/csv_rows.h"
#include "io/table/table.h"

namespace penstock::io {

/// CSV, TSV and the like: see CsvDialect for the grammar, csv_schema_file.h for what the user may state, README.md for the whole. fetch() reads a piece's text, all columns of it; decode() finds its
/// rows and turns the cells of the wanted columns into values. Texts point into the rows.
class CsvTable final : public Table {
 public:
  /// `files` in order, none compressed in another way than .gz and .zst. Throws as open_columns().
  static std::unique_ptr<CsvTable> open(FileSystem& fs, const std::string& where, const std::vector<std::string>& files,
                                        const TableOptions& options);

  std::string_view format() const override { return "csv"; }
  const std::string& path() const override { return files_.where; }
  const TableSchema& schema() const override { return reading_.schema; }
  uint64_t rows() const override { return begins_.back(); }
  uint64_t bytes() const override { return bytes_; }
  uint64_t fingerprint() const override { return fingerprint_; }
  uint64_t state() const override;
  uint64_t resident_bytes() const override;
  uint64_t pieces() const override { return index_.pieces.size(); }
  uint64_t piece_begin(uint64_t p) const override { return begins_[p]; }
  uint64_t piece_of(uint64_t row) const override;
  uint64_t max_piece_bytes(std::span<const size_t> columns) const override;
  std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override;
  /// Reads the row's piece.
  Location locate(uint64_t row) const override;
  std::vector<std::string> notes() const override { return index_.notes; }

  /// How the files are read: dialect and schema.
  CsvForm form() const { return {reading_.dialect, reading_.schema}; }

 private:
  CsvTable(FileSystem& fs, CsvFiles files, CsvIndex index, CsvForm form);
  std::shared_ptr<const CsvRows> rows_of(uint64_t piece, std::span<const size_t> columns) const;

  FileSystem& fs_;
  const CsvFiles files_;
  const CsvIndex index_;
  const CsvReading reading_;
  std::vector<uint64_t> begins_;  ///< first row of each piece, and rows()
  uint64_t bytes_ = 0;
  uint64_t max_piece_bytes_ = 0;
  uint64_t fingerprint_ = 0;
};

/// Where the schema file of a table of text files lies: beside the first one.
std::string csv_schema_path(const std::vector<std::string>& files);

/// Opens `where` and writes its schema file, with what was found or what the file says already; gives its path. Throws Error kUsage where the table is no text.
std::string write_csv_schema(const std::string& where, const TableOptions& options = {},
                             FileSystem& fs = FileSystem::real());

}  // namespace penstock::io
