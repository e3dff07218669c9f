// What a table's columns are: names and types, as found by looking or as the user says in a schema file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::io {

enum class ColumnType : uint8_t {
  kInt,   ///< 64 bits
  kReal,  ///< f64
  kText,  ///< UTF-8; what categories are made of
  kBool,  ///< 0 or 1
  kDate,  ///< days since 1970-01-01
  kTime,  ///< seconds since 1970-01-01 00:00 UTC
};

std::string_view name_of(ColumnType type);  ///< "int", "real", "text", "bool", "date", "time"
std::optional<ColumnType> column_type_named(std::string_view name);

struct ColumnSpec {
  std::string name;
  ColumnType type = ColumnType::kText;
  /// Of dates and times in text: as strptime(3) writes it, "%Y-%m-%d"; "": ISO 8601.
  std::string format = {};
  bool operator==(const ColumnSpec&) const = default;
};

/// Columns in the order of the file, with distinct names.
class TableSchema {
 public:
  static constexpr size_t npos = static_cast<size_t>(-1);

  TableSchema() = default;
  /// Throws Error kData where a name comes twice.
  explicit TableSchema(std::vector<ColumnSpec> columns);

  const std::vector<ColumnSpec>& columns() const { return columns_; }
  size_t size() const { return columns_.size(); }
  size_t index_of(std::string_view name) const;  ///< npos where absent
  /// Throws Error kUsage naming the nearest column where there is none; `who` asks, `where` is the table.
  size_t require(std::string_view name, std::string_view who, std::string_view where) const;
  /// "Store int, Date date, Sales int".
  std::string text() const;
  bool operator==(const TableSchema&) const = default;

 private:
  std::vector<ColumnSpec> columns_;
};

}  // namespace penstock::io
