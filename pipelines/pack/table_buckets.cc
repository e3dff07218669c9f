#include "pipelines/pack/table_buckets.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/base/error.h"

namespace penstock {
namespace {

constexpr const char* kPlace = "\x01place";  // the column that says where a row is to stand
constexpr uint64_t kMostFiles = 256;         // each holds a descriptor and a piece that is being filled
constexpr uint64_t kBucketPiece = 2048;      // rows
constexpr size_t kGivenRows = 16384;

// Rows `rows` of `from`, behind what `into` holds.
void pick(const io::ColumnBlock& from, std::span<const size_t> rows, io::ColumnBlock& into) {
  const size_t before = std::max({into.ints.size(), into.reals.size(), into.texts.size()});
  into.type = from.type;
  bool any = !into.missing.empty();
  for (const size_t row : rows) {
    if (from.type == io::ColumnType::kText)
      into.texts.push_back(from.is_missing(row) ? std::string_view() : from.text(row));
    else if (from.type == io::ColumnType::kReal)
      into.reals.push_back(from.reals[row]);
    else
      into.ints.push_back(from.ints[row]);
    any = any || from.is_missing(row);
  }
  if (!any) return;
  into.missing.resize(before);
  for (const size_t row : rows) into.missing.push_back(from.is_missing(row));
}

io::TableSchema with_place(const io::TableSchema& schema) {
  std::vector<io::ColumnSpec> columns = schema.columns();
  columns.push_back({kPlace, io::ColumnType::kInt});
  return io::TableSchema(std::move(columns));
}

}  // namespace

TableBuckets::TableBuckets(io::FileSystem& fs, std::string folder, const io::TableSchema& schema, uint64_t rows,
                           uint64_t bytes, uint64_t memory_bytes, uint64_t seed)
    : fs_(fs), folder_(std::move(folder)), places_(std::max<uint64_t>(1, rows), seed) {
  const uint64_t files = std::clamp<uint64_t>(bytes / std::max<uint64_t>(1, memory_bytes) + 1, 1, kMostFiles);
  stretch_ = std::max<uint64_t>(1, (rows + files - 1) / files);
  fs_.remove_all(folder_);
  fs_.make_folders(folder_);
  for (uint64_t b = 0; b * stretch_ < rows; ++b)
    files_.push_back(io::write_columns(
        path_of(b), with_place(schema),
        {.fingerprint = 1, .piece_rows = kBucketPiece, .dictionary_bytes = memory_bytes / 4 / files}, fs_));
}

std::string TableBuckets::path_of(uint64_t bucket) const {
  return io::join_path(folder_, "places-" + std::to_string(bucket) + ".arrow");
}

void TableBuckets::add(const io::TableBlock& block) {
  std::vector<std::vector<size_t>> rows(files_.size());
  std::vector<std::vector<int64_t>> places(files_.size());
  size_t bad = 0;
  for (size_t i = 0; i < block.rows; ++i) {
    const uint64_t place = places_.position_of(row_ + i);
    if (bad < block.bad.size() && block.bad[bad].row == i) {
      ++bad;
      continue;
    }
    rows[place / stretch_].push_back(i);
    places[place / stretch_].push_back(static_cast<int64_t>(place));
  }
  row_ += block.rows;
  for (size_t b = 0; b < files_.size(); ++b) {
    if (rows[b].empty()) continue;
    io::TableBlock part;
    part.rows = rows[b].size();
    part.columns.resize(block.columns.size() + 1);
    for (size_t c = 0; c < block.columns.size(); ++c) pick(block.columns[c], rows[b], part.columns[c]);
    part.columns.back().type = io::ColumnType::kInt;
    part.columns.back().ints = std::move(places[b]);
    files_[b]->append(part);
  }
}

void TableBuckets::give(io::ColumnsWriter& out) {
  const uint64_t count = files_.size();
  for (auto& file : files_) {
    file->finish();
    file.reset();
  }
  for (uint64_t b = 0; b < count; ++b) {
    give(b, out);
    fs_.unlink(path_of(b));
  }
  fs_.remove_all(folder_);
}

void TableBuckets::give(uint64_t bucket, io::ColumnsWriter& out) const {
  const auto table = io::open_columns(path_of(bucket), {}, fs_);
  std::vector<size_t> all(table->schema().size());
  std::iota(all.begin(), all.end(), size_t{0});
  // Where each row is to stand, and which piece holds it.
  struct Place {
    int64_t place;
    uint32_t piece, row;
  };
  std::vector<Place> order;
  std::vector<std::shared_ptr<const io::RawRows>> pieces;
  io::TableBlock block;
  const std::vector<size_t> last{all.size() - 1};
  for (uint64_t p = 0; p < table->pieces(); ++p) {
    pieces.push_back(table->fetch(p, all));
    const auto places = table->fetch(p, last);
    places->decode(0, places->count(), block);
    for (size_t i = 0; i < block.rows; ++i)
      order.push_back({block.columns[0].ints[i], static_cast<uint32_t>(p), static_cast<uint32_t>(i)});
  }
  std::ranges::sort(order, {}, &Place::place);
  all.pop_back();
  std::vector<io::TableBlock> decoded(pieces.size());
  for (size_t from = 0; from < order.size(); from += kGivenRows) {
    const size_t to = std::min(order.size(), from + kGivenRows);
    // The rows of each piece together, then set down where they belong.
    std::vector<std::vector<uint32_t>> wanted(pieces.size());
    std::vector<size_t> at(to - from);
    for (size_t i = from; i < to; ++i) {
      at[i - from] = wanted[order[i].piece].size();
      wanted[order[i].piece].push_back(order[i].row);
    }
    for (size_t p = 0; p < pieces.size(); ++p)
      if (!wanted[p].empty()) pieces[p]->decode(wanted[p], decoded[p]);
    io::TableBlock given;
    given.rows = to - from;
    given.columns.resize(all.size());
    for (size_t c = 0; c < all.size(); ++c)
      for (size_t i = from; i < to; ++i) {
        const size_t row = at[i - from];
        pick(decoded[order[i].piece].columns[c], std::span(&row, 1), given.columns[c]);
      }
    out.append(given);
  }
}

}  // namespace penstock
