// Where the rows of a text begin and end.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "io/table/csv/chunk_masks.h"
#include "io/table/csv/csv_dialect.h"

namespace penstock::io {

/// What is wrong with the quotes of a row.
enum class BrokenQuote : uint8_t {
  kTextBehind,  ///< "ab"c,
  kUnclosed,    ///< see CsvDialect
};

/// Rows of a text, by byte. The text of row r is [begin[r], end[r]); text[end[r]] ends its line, or the text.
struct RowsFound {
  struct Broken {
    uint32_t row = 0;
    BrokenQuote why = BrokenQuote::kTextBehind;
    bool operator==(const Broken&) const = default;
  };
  /// A quoted cell in which two quotes stand for one: what lies between its outer quotes.
  struct Escaped {
    uint32_t begin = 0, end = 0;
    bool operator==(const Escaped&) const = default;
  };
  std::vector<uint32_t> begin, end;
  std::vector<Broken> broken;    ///< by row
  std::vector<Escaped> escaped;  ///< by place; none of a broken row

  size_t size() const { return begin.size(); }
  void clear();
};

/// Finds the rows of `text`, which begins where a row does; ChunkMasks::kPadding bytes behind it may be read. `whole`: the text ends where a row does, so that the last one needs
/// no line end; else a row that is not certainly over is left out. Gives the bytes that the rows take, with the lines between them: where the next one begins. At most 2^32 - 1 bytes.
size_t find_rows(std::string_view text, const CsvDialect& dialect, bool whole, RowsFound& out,
                 const ChunkKernels& kernels = ChunkKernels::best());

/// Ends of lines in `text`, in quotes or not; the padding as above.
uint64_t count_lines(std::string_view text, const ChunkKernels& kernels = ChunkKernels::best());

/// Whether the quote at `at` begins a cell of the row that begins at `row`: right behind a delimiter, or behind that and blanks where the dialect has them.
bool opens_cell(const char* text, size_t row, size_t at, const CsvDialect& dialect);

}  // namespace penstock::io
