// Where the cells of some rows lie.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/table/csv/chunk_masks.h"
#include "io/table/csv/csv_dialect.h"
#include "io/table/csv/row_scan.h"

namespace penstock::io {

/// The cells of some rows of a text, found 64 bytes at a time. Keeps its memory from one use to the next. One thread.
class CellGrid {
 public:
  struct Span {
    uint32_t begin = 0, end = 0;
  };
  struct Ragged {
    uint32_t row = 0;  ///< of the grid
    uint32_t cells = 0;
  };

  /// `columns`: cells that a row must have. `text` must stay, with ChunkMasks::kPadding bytes behind it that may be read and a line end as the first of them.
  CellGrid(const char* text, const CsvDialect& dialect, size_t columns,
           const ChunkKernels& kernels = ChunkKernels::best())
      : text_(text), dialect_(dialect), columns_(columns), kernels_(kernels), plain_(!dialect.space) {}

  void clear();
  /// Appends rows [from, from + count) of `rows`, which follow one another in the text. None of them is broken.
  void add(const RowsFound& rows, size_t from, size_t count);
  /// Appends a row whose cells are all empty.
  void add_empty();

  size_t rows() const { return base_.size(); }
  /// Rows with another number of cells; theirs are all empty here. By row.
  const std::vector<Ragged>& ragged() const { return ragged_; }
  /// No cell has quotes or blanks to be taken off.
  bool plain() const { return plain_; }
  const char* text() const { return text_; }

  /// The cell as it stands in the text, with its quotes.
  template <bool first_column>
  Span raw(size_t row, size_t column) const {
    const uint32_t* end = ends_.data() + base_[row] + column;
    return {first_column ? begin_[row] : end[-1] + 1, *end};
  }

 private:
  void find_ends(size_t begin, size_t end);
  void leave_out_quoted(ChunkMasks& masks, size_t chunks, size_t base, size_t begin, size_t end);
  uint64_t outside_of_quotes(const ChunkMasks& masks, size_t k, size_t base, size_t begin);

  const char* text_;
  const CsvDialect& dialect_;
  const size_t columns_;
  const ChunkKernels& kernels_;
  std::vector<uint32_t> ends_;  ///< of cells, rising; behind the last one room for a batch
  size_t found_ = 0;            ///< of ends_
  std::vector<uint32_t> base_;  ///< of each row: where the end of its first cell stands in ends_
  std::vector<uint32_t> begin_;
  std::vector<Ragged> ragged_;
  bool plain_;
  bool quoted_ = false;
  size_t after_pair_ = 0;
};

}  // namespace penstock::io
