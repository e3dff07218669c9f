// A table on disk: typed columns, any range of rows at once, whatever the format.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/source.h"
#include "io/file/file_system.h"
#include "io/table/stored_column.h"
#include "io/table/table_block.h"
#include "io/table/table_schema.h"

namespace penstock::io {

/// Rows of a table as they were fetched: the bytes are in memory, nothing is parsed or unpacked yet. Const members are thread-safe.
class RawRows {
 public:
  virtual ~RawRows() = default;
  virtual uint64_t first() const = 0;  ///< row of the table
  virtual size_t count() const = 0;
  /// Memory that this object holds.
  virtual uint64_t bytes() const = 0;
  /// Rows [from, from + count) of these, counted from first(); the columns that fetch() was asked for. Computes and never waits. Uses the
  /// memory of `out` again. A row that cannot be read is named in out.bad.
  virtual void decode(size_t from, size_t count, TableBlock& out) const = 0;
  /// The same of single rows, in the order given.
  virtual void decode(std::span<const uint32_t> rows, TableBlock& out) const = 0;
  /// The columns as they lie in memory, in the order of fetch(), each of count() rows: for whoever can use them narrow. Empty where they do not lie so. Good while
  /// this object lives.
  virtual std::span<const StoredColumn> stored() const { return {}; }
  /// Where some of these rows lie, counted from first() and ascending, as people find them: "a.csv line 17". Empty where the format has no lines.
  virtual std::vector<std::string> places(std::span<const size_t>) const { return {}; }
};

/// A table that was opened: knows its columns and where its rows lie. Rows are numbered from 0 in the order of the files, bad ones included. They
/// are cut into *pieces*, neighbouring rows that are fetched together (some megabytes at most: lines of text, a row group). Const members are thread-safe.
class Table {
 public:
  virtual ~Table() = default;
  virtual std::string_view format() const = 0;  ///< "csv", "parquet", "arrow", "hdf5"
  virtual const std::string& path() const = 0;
  virtual const TableSchema& schema() const = 0;
  virtual uint64_t rows() const = 0;
  virtual uint64_t bytes() const = 0;  ///< at rest
  /// Of the rows: packing keeps it, so a table and its packed form have the same.
  virtual uint64_t fingerprint() const = 0;
  /// Changes whenever a file was written to or replaced since.
  virtual uint64_t state() const = 0;
  /// Bytes this object holds in memory.
  virtual uint64_t resident_bytes() const = 0;

  virtual uint64_t pieces() const = 0;
  /// The first row of piece `p`; of pieces(): rows().
  virtual uint64_t piece_begin(uint64_t p) const = 0;
  /// The piece that holds `row`.
  virtual uint64_t piece_of(uint64_t row) const = 0;
  /// RawRows::bytes() of any piece fetched with these columns, at most.
  virtual uint64_t max_piece_bytes(std::span<const size_t> columns) const = 0;
  /// Reads what holds `columns` (places in schema(), distinct) of a piece. Waits for the disk: not for compute threads. Throws Error kIo, and
  /// kData where a checksum differs or the file changed since it was opened. The table must outlive the rows.
  virtual std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const = 0;

  /// File, and offset and length in bytes where the format has lines; of a row group: the group's.
  virtual Location locate(uint64_t row) const = 0;
  /// What a user should know though it is no fault, a sentence each.
  virtual std::vector<std::string> notes() const { return {}; }
};

struct TableOptions {
  /// A schema file to take in place of PATH.schema and of looking; "": none.
  std::string schema = {};
  /// Rows that are looked at to find the types.
  uint64_t sample_rows = 100000;
  /// Where row indexes go that cannot lie beside the data; unset: FolderManifest::default_cache_folder().
  std::string cache_folder = "\n";
  /// Given the columns of a text file as they were found, where no schema file says them: may give them other types, never other names. May be empty.
  std::function<void(std::vector<ColumnSpec>&)> settle = {};
  /// Told how far the first pass over a text file has come: bytes done, bytes in all. May be empty.
  std::function<void(uint64_t, uint64_t)> progress = {};
};

/// Whether `where` looks like a table: "kind:path" with kind one of csv, parquet, arrow, table-hdf5, a path with such an ending (.csv, .tsv, .csv.gz, .csv.zst,
/// .parquet, .arrow), a quoted pattern of those, or a folder that holds nothing else.
bool is_table(const std::string& where, FileSystem& fs = FileSystem::real());

/// Opens a table of one file or of several with the same columns, which follow one another in the order of their names. Throws Error kUsage where the
/// path is missing, is none or the files differ in their columns (says in which), kData for damage, kIo. `fs` must outlive the result.
std::unique_ptr<Table> open_columns(const std::string& where, const TableOptions& options = {},
                                    FileSystem& fs = FileSystem::real());

/// Writes a table front to back. One thread. Nothing is at `path` before finish(), which may be called once. Faults are Error kIo.
class ColumnsWriter {
 public:
  virtual ~ColumnsWriter() = default;
  /// A block of all columns, in the order of the schema. Bad rows are left out; whoever calls tells people of them.
  virtual void append(const TableBlock& block) = 0;
  virtual void finish() = 0;
  /// What was lost on the way, a sentence each; after finish().
  virtual std::vector<std::string> notes() const { return {}; }
};

/// Table::fingerprint() of a table that holds all rows of another but `rows` (of that one, ascending). The same where there are none.
uint64_t fingerprint_without(uint64_t fingerprint, std::span<const uint64_t> rows);

struct ColumnsWriterOptions {
  /// What Table::fingerprint() of the file will say, but for fingerprint_without() the bad rows; 0: of the values written.
  uint64_t fingerprint = 0;
  /// Rows of a piece.
  uint64_t piece_rows = 65536;
  /// What the dictionaries of texts may take in memory, together: columns beyond are kept as plain text.
  uint64_t dictionary_bytes = uint64_t{96} << 20;
  /// What made the table, kept as it is: Table::notes() does not show it.
  std::string origin = {};
};

/// The form that Penstock streams at memory speed: see io/table/README.md. `path` should end in ".arrow".
std::unique_ptr<ColumnsWriter> write_columns(const std::string& path, const TableSchema& schema,
                                             const ColumnsWriterOptions& options = {},
                                             FileSystem& fs = FileSystem::real());

}  // namespace penstock::io
