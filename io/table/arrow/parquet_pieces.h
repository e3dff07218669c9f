// Row groups cut into pieces that fit in memory, and read one behind the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/metadata.h>

#include "io/table/arrow/arrow_file.h"

namespace penstock::io {

struct ParquetPiece {
  int group = 0;
  uint64_t first = 0;  ///< row of the group
  uint64_t rows = 0;
  uint64_t cut = 0;  ///< rows of the group's pieces, but for the last; 0: the group is one piece
  bool last = true;  ///< of its group
};

/// Groups with rows, in order; those that take more than `group_bytes` in memory, all columns decoded, cut into pieces of about half of it. `leaves` are the columns. Throws parquet::ParquetException where a group's length is impossible.
std::vector<ParquetPiece> parquet_pieces(const parquet::FileMetaData& metadata, const std::vector<int>& leaves,
                                         uint64_t group_bytes);

/// "row group 0 has 10000000 rows, 1.2 GiB decoded: it is read in pieces ..."; "" where none is cut.
std::string cut_note(const std::vector<ParquetPiece>& pieces, const parquet::FileMetaData& metadata,
                     const std::vector<int>& leaves);

/// Reads pieces of groups that were cut. Pages before a piece have to be decoded and dropped, so the reader of the piece before goes on where it is the next: in order each page is decoded once,
/// and a piece picked at random costs what lies before it in its group. Thread-safe.
class ParquetParts {
 public:
  using MakeReader = std::function<std::unique_ptr<parquet::arrow::FileReader>(int64_t batch_rows)>;
  /// `make` gives a reader whose batches have at most so many rows.
  explicit ParquetParts(MakeReader make) : make_(std::move(make)) {}
  /// The leaves (distinct) of a piece, a column each, in the order of the file.
  std::shared_ptr<arrow::RecordBatch> read(const ParquetPiece& piece, const std::vector<int>& leaves,
                                           const ArrowInput& input, const std::string& verb);

 private:
  struct Open {
    int group = 0;
    uint64_t at = 0;  ///< rows given
    std::vector<int> leaves;
    std::unique_ptr<parquet::arrow::FileReader> reader;
    std::unique_ptr<arrow::RecordBatchReader> batches;
  };
  std::unique_ptr<Open> take(const ParquetPiece& piece, const std::vector<int>& leaves);

  MakeReader make_;
  std::mutex mutex_;
  std::unique_ptr<Open> idle_;
};

}  // namespace penstock::io
