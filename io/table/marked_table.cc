#include "io/table/marked_table.h"

#include <algorithm>
#include <utility>

namespace penstock::io {
namespace {

using Bad = std::vector<BadRow>;

/// Keeps the table's list of bad rows.
class MarkedRows final : public RawRows {
 public:
  MarkedRows(std::shared_ptr<const RawRows> rows, std::shared_ptr<const Bad> bad)
      : rows_(std::move(rows)),
        bad_(std::move(bad)),
        begin_(std::ranges::lower_bound(*bad_, rows_->first(), {}, &BadRow::row)),
        end_(std::ranges::lower_bound(*bad_, rows_->first() + rows_->count(), {}, &BadRow::row)) {}

  uint64_t first() const override { return rows_->first(); }
  size_t count() const override { return rows_->count(); }
  uint64_t bytes() const override { return rows_->bytes(); }
  /// None where rows are bad: these cannot be told so.
  std::span<const StoredColumn> stored() const override {
    return begin_ == end_ ? rows_->stored() : std::span<const StoredColumn>();
  }
  std::vector<std::string> places(std::span<const size_t> rows) const override { return rows_->places(rows); }

  void decode(size_t from, size_t count, TableBlock& out) const override {
    rows_->decode(from, count, out);
    for (size_t i = 0; i < count && begin_ != end_; ++i) mark(from + i, i, out);
    sort(out);
  }
  void decode(std::span<const uint32_t> rows, TableBlock& out) const override {
    rows_->decode(rows, out);
    for (size_t i = 0; i < rows.size() && begin_ != end_; ++i) mark(rows[i], i, out);
    sort(out);
  }

 private:
  void mark(size_t row, size_t at, TableBlock& out) const {
    const auto found = std::lower_bound(begin_, end_, rows_->first() + row,
                                        [](const BadRow& bad, uint64_t wanted) { return bad.row < wanted; });
    if (found != end_ && found->row == rows_->first() + row) out.bad.push_back({at, found->reason});
  }
  static void sort(TableBlock& out) { std::ranges::stable_sort(out.bad, {}, &BadRow::row); }

  std::shared_ptr<const RawRows> rows_;
  std::shared_ptr<const Bad> bad_;
  Bad::const_iterator begin_, end_;
};

class MarkedTable final : public Table {
 public:
  MarkedTable(std::shared_ptr<const Table> table, Bad bad)
      : table_(std::move(table)), bad_(std::make_shared<const Bad>(std::move(bad))) {
    for (const BadRow& row : *bad_) bad_bytes_ += sizeof row + row.reason.capacity();
  }

  std::string_view format() const override { return table_->format(); }
  const std::string& path() const override { return table_->path(); }
  const TableSchema& schema() const override { return table_->schema(); }
  uint64_t rows() const override { return table_->rows(); }
  uint64_t bytes() const override { return table_->bytes(); }
  uint64_t fingerprint() const override { return table_->fingerprint(); }
  uint64_t state() const override { return table_->state(); }
  uint64_t resident_bytes() const override { return table_->resident_bytes() + bad_bytes_; }
  uint64_t pieces() const override { return table_->pieces(); }
  uint64_t piece_begin(uint64_t p) const override { return table_->piece_begin(p); }
  uint64_t piece_of(uint64_t row) const override { return table_->piece_of(row); }
  uint64_t max_piece_bytes(std::span<const size_t> columns) const override { return table_->max_piece_bytes(columns); }
  std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override {
    return std::make_shared<MarkedRows>(table_->fetch(piece, columns), bad_);
  }
  Location locate(uint64_t row) const override { return table_->locate(row); }
  std::vector<std::string> notes() const override { return table_->notes(); }

 private:
  std::shared_ptr<const Table> table_;
  std::shared_ptr<const Bad> bad_;
  uint64_t bad_bytes_ = 0;
};

}  // namespace

std::shared_ptr<const Table> with_bad_rows(std::shared_ptr<const Table> table, std::vector<BadRow> bad) {
  if (bad.empty()) return table;
  return std::make_shared<const MarkedTable>(std::move(table), std::move(bad));
}

}  // namespace penstock::io
