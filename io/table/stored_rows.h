// Rows whose columns lie in memory as StoredColumn.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "io/table/stored_column.h"
#include "io/table/table.h"

namespace penstock::io {

/// `keep` owns what the columns borrow. Thread-safe.
class StoredRows final : public RawRows {
 public:
  StoredRows(uint64_t first, size_t count, std::vector<StoredColumn> columns, uint64_t bytes,
             std::shared_ptr<const void> keep)
      : first_(first), count_(count), columns_(std::move(columns)), bytes_(bytes), keep_(std::move(keep)) {}
  uint64_t first() const override { return first_; }
  size_t count() const override { return count_; }
  uint64_t bytes() const override { return bytes_; }
  void decode(size_t from, size_t count, TableBlock& out) const override {
    begin(count, out);
    for (size_t c = 0; c < columns_.size(); ++c) io::decode(columns_[c], from, count, out.columns[c], out.bad);
  }
  void decode(std::span<const uint32_t> rows, TableBlock& out) const override {
    begin(rows.size(), out);
    for (size_t c = 0; c < columns_.size(); ++c) io::decode(columns_[c], rows, out.columns[c], out.bad);
  }
  std::span<const StoredColumn> stored() const override { return columns_; }

 private:
  void begin(size_t rows, TableBlock& out) const {
    out.rows = rows;
    out.columns.resize(columns_.size());
    out.bad.clear();
  }

  uint64_t first_;
  size_t count_;
  std::vector<StoredColumn> columns_;
  uint64_t bytes_;
  std::shared_ptr<const void> keep_;
};

}  // namespace penstock::io
