#include "io/table/chained_table.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

// Rows of one of the tables, counted from the beginning of the first.
class ChainedRows final : public RawRows {
 public:
  ChainedRows(std::shared_ptr<const RawRows> rows, uint64_t before) : rows_(std::move(rows)), before_(before) {}
  uint64_t first() const override { return before_ + rows_->first(); }
  size_t count() const override { return rows_->count(); }
  uint64_t bytes() const override { return rows_->bytes(); }
  std::span<const StoredColumn> stored() const override { return rows_->stored(); }
  std::vector<std::string> places(std::span<const size_t> rows) const override { return rows_->places(rows); }
  void decode(size_t from, size_t count, TableBlock& out) const override { rows_->decode(from, count, out); }
  void decode(std::span<const uint32_t> rows, TableBlock& out) const override { rows_->decode(rows, out); }

 private:
  std::shared_ptr<const RawRows> rows_;
  uint64_t before_;
};

class ChainedTable final : public Table {
 public:
  ChainedTable(std::vector<std::unique_ptr<Table>> tables, std::string path)
      : tables_(std::move(tables)), path_(std::move(path)) {
    for (const auto& table : tables_) {
      rows_.push_back(rows_.back() + table->rows());
      pieces_.push_back(pieces_.back() + table->pieces());
    }
  }
  std::string_view format() const override { return tables_[0]->format(); }
  const std::string& path() const override { return path_; }
  const TableSchema& schema() const override { return tables_[0]->schema(); }
  uint64_t rows() const override { return rows_.back(); }
  uint64_t bytes() const override {
    return sum([](const Table& table) { return table.bytes(); });
  }
  uint64_t fingerprint() const override {
    return digest([](const Table& table) { return table.fingerprint(); });
  }
  uint64_t state() const override {
    return digest([](const Table& table) { return table.state(); });
  }
  uint64_t resident_bytes() const override {
    return sum([](const Table& table) { return table.resident_bytes(); });
  }
  uint64_t pieces() const override { return pieces_.back(); }
  uint64_t piece_begin(uint64_t p) const override {
    if (p == pieces()) return rows();
    const size_t t = of(pieces_, p);
    return rows_[t] + tables_[t]->piece_begin(p - pieces_[t]);
  }
  uint64_t piece_of(uint64_t row) const override {
    const size_t t = of(rows_, row);
    return pieces_[t] + tables_[t]->piece_of(row - rows_[t]);
  }
  uint64_t max_piece_bytes(std::span<const size_t> columns) const override {
    uint64_t most = 0;
    for (const auto& table : tables_) most = std::max(most, table->max_piece_bytes(columns));
    return most;
  }
  std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override {
    const size_t t = of(pieces_, piece);
    return std::make_shared<ChainedRows>(tables_[t]->fetch(piece - pieces_[t], columns), rows_[t]);
  }
  Location locate(uint64_t row) const override {
    const size_t t = of(rows_, row);
    return tables_[t]->locate(row - rows_[t]);
  }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all;
    for (const auto& table : tables_)
      for (std::string& note : table->notes()) all.push_back(std::move(note));
    return all;
  }

 private:
  // The table that holds row or piece `at`; those that hold nothing are passed over.
  static size_t of(const std::vector<uint64_t>& begins, uint64_t at) {
    PENSTOCK_CHECK(at < begins.back());
    return static_cast<size_t>(std::ranges::upper_bound(begins, at) - begins.begin() - 1);
  }
  template <class Part>
  uint64_t sum(const Part& part) const {
    uint64_t all = 0;
    for (const auto& table : tables_) all += part(*table);
    return all;
  }
  template <class Part>
  uint64_t digest(const Part& part) const {
    Checksum all;
    for (const auto& table : tables_) all.add(part(*table));
    return all.value();
  }

  std::vector<std::unique_ptr<Table>> tables_;
  std::string path_;
  std::vector<uint64_t> rows_ = {0}, pieces_ = {0};  ///< before each table
};

std::string difference(const TableSchema& a, const TableSchema& b) {
  for (const ColumnSpec& column : a.columns()) {
    const size_t at = b.index_of(column.name);
    if (at == TableSchema::npos) return "it has no column '" + column.name + "'";
    if (b.columns()[at].type != column.type)
      return "its column '" + column.name + "' is " + std::string(name_of(b.columns()[at].type)) + " and not " +
             std::string(name_of(column.type));
  }
  for (const ColumnSpec& column : b.columns())
    if (a.index_of(column.name) == TableSchema::npos) return "it has a column '" + column.name + "' too";
  return "its columns are in another order";
}

}  // namespace

std::unique_ptr<Table> chain(std::vector<std::unique_ptr<Table>> tables, const std::string& path) {
  PENSTOCK_CHECK(!tables.empty());
  for (const auto& table : tables) {
    if (table->schema() == tables[0]->schema()) continue;
    throw Error(Code::kUsage, "'" + table->path() + "' is no part of the same table as '" + tables[0]->path() +
                                  "': " + difference(tables[0]->schema(), table->schema()))
        .hint("name the files that belong together, or pack this one with a schema of its own");
  }
  if (tables.size() == 1) return std::move(tables[0]);
  return std::make_unique<ChainedTable>(std::move(tables), path);
}

}  // namespace penstock::io
