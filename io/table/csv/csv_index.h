// Where the pieces of text files lie, and what was found out about the files while they were looked through.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/index/record_index.h"
#include "io/table/csv/csv_schema_file.h"
#include "io/table/table.h"

namespace penstock::io {

/// Neighbouring rows that are fetched together: about a mebibyte of text.
struct CsvPiece {
  uint32_t file = 0;
  uint64_t offset = 0, bytes = 0;
  uint64_t checksum = 0;
  uint64_t rows = 0;
  uint64_t line = 1;           ///< of the file, in which it begins
  uint64_t escaped_bytes = 0;  ///< see CsvRows
};

/// The bytes of text that a piece is cut at.
constexpr uint64_t kCsvPieceBytes = uint64_t{1} << 20;

/// Text files that are read as one table.
struct CsvFiles {
  std::string where;               ///< as the user named them
  std::vector<std::string> given;  ///< in order
  std::vector<std::string> texts;  ///< of each: itself, or the copy of what it unpacks to
};

struct CsvIndex {
  std::vector<CsvPiece> pieces;
  std::vector<std::string> names;  ///< of the columns, by the header or by place
  CsvForm form;                    ///< as it was found or, where a schema file was given, as that says
  bool looked = false;             ///< no schema file was given
  uint64_t sample_rows = 0;        ///< looked at
  std::vector<std::string> notes;
  uint64_t fingerprint = 0;  ///< of the rows' text
};

/// The index of `files`: read, or made in one pass over them and written as FIRST.penstock-index (of several files: FIRST.HASH.penstock-index), a record index whose records are the pieces, or into the cache folder. It is made
/// again when a file has another length or change time, when the schema file states another dialect, and when it is damaged. `form`: what the schema file says; null: none. Throws Error kUsage where
/// the files have other columns than the first one (it says in which), kData, kIo.
CsvIndex open_csv_index(FileSystem& fs, const CsvFiles& files, const CsvForm* form, const TableOptions& options,
                        const std::string& cache_folder);

/// The pass itself: nothing is written but unpacked copies. For tests and for open_csv_index().
CsvIndex make_csv_index(FileSystem& fs, const CsvFiles& files, const CsvForm* form, const TableOptions& options,
                        uint64_t piece_bytes = kCsvPieceBytes);

/// Types of the columns, by a sample: the rows at the beginning, and rows from everywhere else. Notes are appended.
TableSchema guess_schema(FileSystem& fs, const CsvFiles& files, const CsvIndex& index, uint64_t sample_rows,
                         std::vector<std::string>& notes);

/// The text of a piece. Throws Error kData where it has another checksum than in the index.
class CsvText;
CsvText read_csv_piece(FileSystem& fs, const CsvFiles& files, const CsvPiece& piece);

}  // namespace penstock::io
