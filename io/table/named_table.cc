#include "io/table/named_table.h"

#include <utility>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

class NamedTable final : public Table {
 public:
  NamedTable(std::shared_ptr<const Table> table, TableSchema schema)
      : table_(std::move(table)), schema_(std::move(schema)) {}

  std::string_view format() const override { return table_->format(); }
  const std::string& path() const override { return table_->path(); }
  const TableSchema& schema() const override { return schema_; }
  uint64_t rows() const override { return table_->rows(); }
  uint64_t bytes() const override { return table_->bytes(); }
  uint64_t fingerprint() const override { return table_->fingerprint(); }
  uint64_t state() const override { return table_->state(); }
  uint64_t resident_bytes() const override { return table_->resident_bytes(); }
  uint64_t pieces() const override { return table_->pieces(); }
  uint64_t piece_begin(uint64_t p) const override { return table_->piece_begin(p); }
  uint64_t piece_of(uint64_t row) const override { return table_->piece_of(row); }
  uint64_t max_piece_bytes(std::span<const size_t> columns) const override { return table_->max_piece_bytes(columns); }
  std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override {
    return table_->fetch(piece, columns);
  }
  Location locate(uint64_t row) const override { return table_->locate(row); }
  std::vector<std::string> notes() const override { return table_->notes(); }

 private:
  std::shared_ptr<const Table> table_;
  TableSchema schema_;
};

}  // namespace

std::shared_ptr<const Table> with_names(std::shared_ptr<const Table> table, const std::vector<std::string>& names) {
  std::vector<ColumnSpec> columns = table->schema().columns();
  for (size_t c = 0; c < columns.size(); ++c)
    if (columns[c].name != "c" + std::to_string(c + 1)) return table;
  if (names.size() != columns.size())
    throw Error(Code::kUsage, "'" + table->path() + "' has " + std::to_string(columns.size()) +
                                  " columns without a header, and " + std::to_string(names.size()) + " names are given")
        .hint("table.header names every column, in the order of the file");
  for (size_t c = 0; c < columns.size(); ++c) columns[c].name = names[c];
  return std::make_shared<NamedTable>(std::move(table), TableSchema(std::move(columns)));
}

}  // namespace penstock::io
