#include "io/table/arrow/parquet_pieces.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/table.h>
#include <parquet/exception.h>

#include "engine/base/bytes.h"
#include "io/table/arrow/parquet_bounds.h"

namespace penstock::io {
namespace {

uint64_t bytes_of(const parquet::RowGroupMetaData& group, const std::vector<int>& leaves) {
  uint64_t bytes = 0;
  for (const int leaf : leaves) bytes += decoded_bytes(*group.ColumnChunk(leaf), group.num_rows());
  return bytes;
}

}  // namespace

std::vector<ParquetPiece> parquet_pieces(const parquet::FileMetaData& metadata, const std::vector<int>& leaves,
                                         uint64_t group_bytes) {
  std::vector<ParquetPiece> pieces;
  for (int g = 0; g < metadata.num_row_groups(); ++g) {
    const auto group = metadata.RowGroup(g);
    if (group->num_rows() < 0 || group->num_rows() > std::numeric_limits<uint32_t>::max())
      throw parquet::ParquetException("a row group of impossible length");
    const auto rows = static_cast<uint64_t>(group->num_rows());
    if (rows == 0) continue;
    const uint64_t bytes = bytes_of(*group, leaves);
    if (bytes <= group_bytes) {
      pieces.push_back({.group = g, .rows = rows});
      continue;
    }
    const uint64_t parts = 2 * bytes / group_bytes + 1, cut = (rows + parts - 1) / parts;
    for (uint64_t first = 0; first < rows; first += cut)
      pieces.push_back(
          {.group = g, .first = first, .rows = std::min(cut, rows - first), .cut = cut, .last = first + cut >= rows});
  }
  return pieces;
}

std::string cut_note(const std::vector<ParquetPiece>& pieces, const parquet::FileMetaData& metadata,
                     const std::vector<int>& leaves) {
  const auto cut = std::ranges::find_if(pieces, [](const ParquetPiece& piece) { return piece.cut > 0; });
  if (cut == pieces.end()) return {};
  const auto group = metadata.RowGroup(cut->group);
  return "row group " + std::to_string(cut->group) + " has " + std::to_string(group->num_rows()) + " rows, " +
         bytes_text(bytes_of(*group, leaves)) + " decoded: it is read " + std::to_string(cut->cut) +
         " rows at a time, which is fast from front to back only; pack the table to read it in another order";
}

std::unique_ptr<ParquetParts::Open> ParquetParts::take(const ParquetPiece& piece, const std::vector<int>& leaves) {
  {
    const std::lock_guard lock(mutex_);
    if (idle_ && idle_->group == piece.group && idle_->at <= piece.first && idle_->leaves == leaves)
      return std::move(idle_);
  }
  auto open = std::make_unique<Open>(Open{.group = piece.group, .leaves = leaves});
  open->reader = make_(static_cast<int64_t>(piece.cut));
  return open;
}

std::shared_ptr<arrow::RecordBatch> ParquetParts::read(const ParquetPiece& piece, const std::vector<int>& leaves,
                                                       const ArrowInput& input, const std::string& verb) {
  const std::unique_ptr<Open> open = take(piece, leaves);
  if (!open->batches) open->batches = input.check(open->reader->GetRecordBatchReader({piece.group}, leaves), verb);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  const uint64_t end = piece.first + piece.rows;
  while (open->at < end) {
    std::shared_ptr<arrow::RecordBatch> batch;
    input.check(open->batches->ReadNext(&batch), verb);
    if (!batch) break;
    const uint64_t begin = std::exchange(open->at, open->at + static_cast<uint64_t>(batch->num_rows()));
    // A reader's batches end where pieces do: it may cut them finer, where the dictionary of a column changes.
    if (begin >= piece.first) batches.push_back(std::move(batch));
  }
  if (open->at != end)
    input.check(arrow::Status::Invalid("the row group has ", open->at, " rows and not ", end, " up to there"), verb);
  const auto table = input.check(arrow::Table::FromRecordBatches(open->batches->schema(), batches), verb);
  auto whole = input.check(table->CombineChunksToBatch(), verb);
  if (piece.last) return whole;
  const std::lock_guard lock(mutex_);
  idle_ = std::make_unique<Open>(std::move(*open));
  return whole;
}

}  // namespace penstock::io
