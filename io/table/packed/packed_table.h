// The packed form, read: Arrow's file, and an index of our own so that nothing of Arrow stands between the disk and a block.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/file/file.h"
#include "io/file/reader.h"
#include "io/table/packed/packed_index.h"
#include "io/table/packed/spare_piece.h"
#include "io/table/stored_column.h"
#include "io/table/table.h"

namespace penstock::io {

/// How a packed column lies in every piece.
struct PackedColumn {
  Stored as = Stored::kI64;
  std::shared_ptr<const std::vector<std::string>> dictionary = nullptr;
};

/// Made by open_arrow(). Thread-safe.
class PackedTable final : public Table {
 public:
  /// `columns` in the order of `schema`; `file` is open at `path`.
  PackedTable(FileSystem& fs, const std::string& path, TableSchema schema, std::vector<PackedColumn> columns,
              PackedIndex index);

  std::string_view format() const override { return "arrow"; }
  const std::string& path() const override { return file_.path(); }
  const TableSchema& schema() const override { return schema_; }
  uint64_t rows() const override { return index_.begins.back(); }
  uint64_t bytes() const override { return stat_.bytes; }
  uint64_t fingerprint() const override { return index_.fingerprint; }
  uint64_t state() const override;
  uint64_t resident_bytes() const override;
  uint64_t pieces() const override { return index_.pieces(); }
  uint64_t piece_begin(uint64_t p) const override { return index_.begins[p]; }
  uint64_t piece_of(uint64_t row) const override;
  uint64_t max_piece_bytes(std::span<const size_t> columns) const override;
  std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override;
  Location locate(uint64_t row) const override;

 private:
  /// A stretch of the file that is read at once.
  struct Stretch {
    uint64_t offset = 0, end = 0;
    uint64_t at = 0;  ///< in the memory of the rows
  };
  std::vector<Stretch> stretches(uint64_t piece, std::span<const size_t> columns) const;

  FileSystem& fs_;
  File file_;
  FileStat stat_;
  TableSchema schema_;
  std::vector<PackedColumn> columns_;
  PackedIndex index_;
  uint64_t words_bytes_ = 0;
  mutable ReadEngines engines_;
  std::shared_ptr<SparePiece> spare_;
};

}  // namespace penstock::io
