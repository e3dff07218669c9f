#include "io/table/packed/packed_table.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/table/file_state.h"
#include "io/table/packed/aligned_bytes.h"
#include "io/table/packed/packed_region.h"
#include "io/table/stored_rows.h"

namespace penstock::io {
namespace {

constexpr uint64_t kHole = 16384;  // columns nobody wants are read along where skipping them costs as much

Error damaged(const std::string& path, const std::string& what) {
  return Error(Code::kData, "'" + path + "' is damaged: " + what)
      .hint("pack it anew, or take the copy that it was made from");
}

}  // namespace

PackedTable::PackedTable(FileSystem& fs, const std::string& path, TableSchema schema, std::vector<PackedColumn> columns,
                         PackedIndex index)
    : fs_(fs),
      file_(fs, path, OpenMode::kRead),
      stat_(file_.stat()),
      schema_(std::move(schema)),
      columns_(std::move(columns)),
      index_(std::move(index)),
      engines_(fs),
      spare_(SparePiece::shared()) {
  for (const PackedColumn& column : columns_) {
    if (!column.dictionary) continue;
    for (const std::string& word : *column.dictionary)
      words_bytes_ += sizeof(std::string) + (word.size() > std::string().capacity() ? word.capacity() + 1 : 0);
  }
}

uint64_t PackedTable::state() const { return state_of(fs_.stat(path())); }

uint64_t PackedTable::resident_bytes() const { return index_.resident_bytes() + words_bytes_; }

uint64_t PackedTable::piece_of(uint64_t row) const {
  PENSTOCK_CHECK(row < rows());
  return static_cast<uint64_t>(std::ranges::upper_bound(index_.begins, row) - index_.begins.begin() - 1);
}

std::vector<PackedTable::Stretch> PackedTable::stretches(uint64_t piece, std::span<const size_t> columns) const {
  std::vector<Stretch> all;
  for (const size_t c : columns) {
    const PackedRegion& region = index_.region(piece, c);
    all.push_back({region.offset, region.offset + region.bytes});
  }
  std::ranges::sort(all, {}, &Stretch::offset);
  std::vector<Stretch> joined;
  for (const Stretch& one : all) {
    if (!joined.empty() && one.offset <= joined.back().end + kHole)
      joined.back().end = std::max(joined.back().end, one.end);
    else
      joined.push_back(one);
  }
  uint64_t at = 0;
  for (Stretch& one : joined) {
    one.at = at;
    at += padded(one.end - one.offset);
  }
  return joined;
}

uint64_t PackedTable::max_piece_bytes(std::span<const size_t> columns) const {
  uint64_t most = 0;
  for (uint64_t p = 0; p < pieces(); ++p) {
    const auto all = stretches(p, columns);
    if (!all.empty()) most = std::max(most, all.back().at + padded(all.back().end - all.back().offset));
  }
  return most + kPackedAlignment + columns.size() * sizeof(StoredColumn);
}

std::shared_ptr<const RawRows> PackedTable::fetch(uint64_t piece, std::span<const size_t> columns) const {
  PENSTOCK_CHECK(piece < pieces());
  if (state_of(file_.stat()) != state_of(stat_))
    throw Error(Code::kData, "'" + path() + "' was written to since it was opened").hint("start again");
  const std::vector<Stretch> all = stretches(piece, columns);
  const uint64_t bytes = all.empty() ? 0 : all.back().at + padded(all.back().end - all.back().offset);
  const auto give = [spare = spare_, bytes](std::byte* memory) { spare->give(AlignedBytes(memory), bytes); };
  const std::shared_ptr<std::byte[]> memory(spare_->take(bytes).release(), give);
  std::vector<ReadRequest> reads;
  for (const Stretch& one : all) reads.push_back({file_.fd(), one.offset, one.end - one.offset, memory.get() + one.at});
  engines_.read(reads);
  const uint64_t first = index_.begins[piece], rows = index_.begins[piece + 1] - first;
  const std::string where = "in rows " + std::to_string(first) + " to " + std::to_string(first + rows - 1);
  for (const ReadRequest& read : reads) {
    if (read.result < 0) Fault::raise("read", path(), static_cast<int>(-read.result));
    if (static_cast<uint64_t>(read.result) < read.bytes) throw damaged(path(), "it ends " + where);
  }
  std::vector<StoredColumn> views;
  for (const size_t c : columns) {
    const PackedRegion& region = index_.region(piece, c);
    const auto at = std::ranges::upper_bound(all, region.offset, {}, &Stretch::offset) - 1;
    const std::span<const std::byte> here(memory.get() + at->at + (region.offset - at->offset), region.bytes);
    const std::string column = "column '" + schema_.columns()[c].name + "' " + where;
    if (checksum(here) != region.checksum) throw damaged(path(), "the checksum of " + column + " differs");
    auto view = view_region(here, schema_.columns()[c].type, columns_[c].as, region.has_valid != 0, rows);
    if (!view) throw damaged(path(), column + " has not so many values");
    view->dictionary = columns_[c].dictionary;
    views.push_back(std::move(*view));
  }
  const uint64_t held = bytes + kPackedAlignment + views.size() * sizeof(StoredColumn);
  return std::make_shared<StoredRows>(first, rows, std::move(views), held, memory);
}

Location PackedTable::locate(uint64_t row) const {
  const uint64_t piece = piece_of(row);
  if (columns_.empty()) return {path(), 0, 0};
  const PackedRegion& first = index_.region(piece, 0);
  const PackedRegion& last = index_.region(piece, columns_.size() - 1);
  return {path(), first.offset, last.offset + last.bytes - first.offset};
}

}  // namespace penstock::io
