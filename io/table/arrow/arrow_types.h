// Which columns of ours Arrow's types are, and the other way round.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <arrow/type.h>

#include "io/table/stored_column.h"
#include "io/table/table_schema.h"

namespace penstock::io {

struct ArrowColumn {
  ColumnType type = ColumnType::kText;
  std::string note = {};  ///< what is lost on the way, "" where nothing is
};
/// Nothing where there is no such column: lists, structs, maps, unions, durations, times of day.
std::optional<ArrowColumn> column_of(const arrow::DataType& type);

/// The Arrow type of a packed column.
std::shared_ptr<arrow::DataType> arrow_type_of(ColumnType type, Stored as, bool is_coded);
/// How the values of a packed column lie; nothing where Penstock writes none such.
std::optional<Stored> packed_as(const arrow::DataType& type);

}  // namespace penstock::io
