// Rows of a text file in memory, and what their cells say.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/table/csv/cell_grid.h"
#include "io/table/csv/csv_dialect.h"
#include "io/table/csv/date_text.h"
#include "io/table/csv/missing_words.h"
#include "io/table/csv/row_scan.h"
#include "io/table/table.h"

namespace penstock::io {

/// What is needed to read cells, the same for all rows of a table. Const members are thread-safe.
struct CsvReading {
  CsvReading(CsvDialect dialect, TableSchema schema, const ChunkKernels& kernels = ChunkKernels::best());

  CsvDialect dialect;
  TableSchema schema;
  MissingWords missing;
  std::vector<DateFormat> dates;  ///< of each column
  const ChunkKernels& kernels;
};

/// Text in memory with what has to lie behind it: a line end, and bytes that vector loads may touch.
class CsvText {
 public:
  CsvText() = default;
  explicit CsvText(size_t bytes);
  char* data() { return data_.get(); }
  std::string_view view() const { return {data_.get(), bytes_}; }
  uint64_t resident_bytes() const { return bytes_ + ChunkMasks::kPadding; }

 private:
  std::unique_ptr<char[]> data_;
  size_t bytes_ = 0;
};

/// Rows that lie in one piece of text. Where they begin is found when they are first decoded.
class CsvRows final : public RawRows {
 public:
  struct Place {
    const std::string* file = nullptr;  ///< for messages
    uint64_t line = 1;                  ///< of the file, in which the text begins
    uint64_t first = 0;                 ///< row of the table
    size_t count = 0;
    uint64_t escaped_bytes = 0;  ///< see escaped_bytes()
  };
  /// Throws nothing; decode() throws Error kData where the text has another number of rows than `place.count` (the file changed). `reading` and the file's name must outlive it.
  CsvRows(const CsvReading& reading, CsvText text, Place place, std::span<const size_t> columns);

  uint64_t first() const override { return place_.first; }
  size_t count() const override { return place_.count; }
  uint64_t bytes() const override { return bytes_of(text_.resident_bytes(), place_.count, place_.escaped_bytes); }
  void decode(size_t from, size_t count, TableBlock& out) const override;
  void decode(std::span<const uint32_t> rows, TableBlock& out) const override;
  std::vector<std::string> places(std::span<const size_t> rows) const override;

  /// Where a row lies in the text.
  std::pair<uint64_t, uint64_t> span_of(size_t row) const;
  static uint64_t bytes_of(uint64_t text, uint64_t rows, uint64_t escaped) {
    return text + rows * 2 * sizeof(uint32_t) + escaped + sizeof(CsvRows);
  }
  /// Memory that the cells with doubled quotes need beside the text.
  static uint64_t escaped_bytes(const RowsFound& rows, size_t from, size_t to);

 private:
  class Decoder;
  class Lines;
  struct Found {
    RowsFound rows;
    std::string unescaped;       ///< what the escaped cells say, one after the other
    std::vector<uint32_t> ends;  ///< of each in `unescaped`
  };
  const Found& found() const;
  void unescape(Found& found) const;

  const CsvReading& reading_;
  const CsvText text_;
  const Place place_;
  const std::vector<size_t> columns_;
  mutable std::once_flag once_;
  mutable Found found_;
};

}  // namespace penstock::io
