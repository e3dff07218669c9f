// A column of a piece as it lies in memory, narrow, and how it is widened into a block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/table/table_block.h"

namespace penstock::io {

/// How values lie in memory; little-endian, as Arrow's columnar format has them (arrow.apache.org/docs/format/Columnar.html).
enum class Stored : uint8_t {
  kI8,
  kI16,
  kI32,
  kI64,
  kU8,
  kU16,
  kU32,
  kU64,
  kF32,
  kF64,
  kBits,    ///< a bit a value, the least significant first
  kText32,  ///< `offsets` are i32 into `values`
  kText64,  ///< `offsets` are i64
};

/// Bytes of a value; 0 of bits and texts.
size_t width_of(Stored as);

/// Borrows its buffers; cheap to copy. Value i of the column is value `first` + i of the buffers.
struct StoredColumn {
  ColumnType type = ColumnType::kInt;
  Stored as = Stored::kI64;
  size_t first = 0;
  size_t rows = 0;
  const std::byte* values = nullptr;
  const std::byte* offsets = nullptr;
  /// A bit for each value, 1 where there is one; null: none is missing.
  const uint8_t* valid = nullptr;
  /// What ints are divided by, towards minus infinity: 1000 for times in milliseconds.
  int64_t divide = 1;
  /// Values where none is may be anything, and NaNs that `valid` does not say are missing too. Else they are 0 and NaN as ColumnBlock wants them.
  bool is_foreign = false;
  /// kText as codes: what they stand for in all pieces of the table ...
  std::shared_ptr<const std::vector<std::string>> dictionary = nullptr;
  /// ... or in this piece alone; decoded into ColumnBlock::texts.
  const std::vector<std::string_view>* words = nullptr;
};

/// Rows [from, from + count) of `column`, or single ones, widened into `out`, which keeps its memory. Rows whose value does not fit i64 are named in `bad`
/// (they stand there already where another column named them). No more than `column.rows` rows are there: a programmer's fault. Thread-safe.
void decode(const StoredColumn& column, size_t from, size_t count, ColumnBlock& out, std::vector<BadRow>& bad);
void decode(const StoredColumn& column, std::span<const uint32_t> rows, ColumnBlock& out, std::vector<BadRow>& bad);

}  // namespace penstock::io
