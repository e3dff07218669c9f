#include "io/table/arrow/arrow_types.h"

#include <arrow/type_traits.h>

namespace penstock::io {

std::optional<ArrowColumn> column_of(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::BOOL: return ArrowColumn{ColumnType::kBool};
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32: return ArrowColumn{ColumnType::kInt};
    case Type::UINT64: return ArrowColumn{ColumnType::kInt, "numbers of 2^63 and more make their rows bad"};
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE: return ArrowColumn{ColumnType::kReal};
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256: return ArrowColumn{ColumnType::kReal, "decimals are read as f64, about 16 digits of them"};
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
    case Type::NA: return ArrowColumn{ColumnType::kText};
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::FIXED_SIZE_BINARY: return ArrowColumn{ColumnType::kText, "bytes are read as text"};
    case Type::DATE32:
    case Type::DATE64: return ArrowColumn{ColumnType::kDate};
    case Type::TIMESTAMP: {
      const bool whole = static_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::SECOND;
      return ArrowColumn{ColumnType::kTime, whole ? "" : "times are read to the second"};
    }
    case Type::DICTIONARY: return column_of(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default: return std::nullopt;
  }
}

std::shared_ptr<arrow::DataType> arrow_type_of(ColumnType type, Stored as, bool is_coded) {
  if (type == ColumnType::kBool) return arrow::boolean();
  if (type == ColumnType::kDate) return arrow::date32();
  if (type == ColumnType::kTime) return arrow::timestamp(arrow::TimeUnit::SECOND);
  if (type == ColumnType::kReal) return as == Stored::kF32 ? arrow::float32() : arrow::float64();
  if (type == ColumnType::kText && !is_coded) return arrow::utf8();
  auto ints = as == Stored::kI8    ? arrow::int8()
              : as == Stored::kI16 ? arrow::int16()
              : as == Stored::kI32 ? arrow::int32()
                                   : arrow::int64();
  return is_coded ? arrow::dictionary(ints, arrow::utf8()) : ints;
}

std::optional<Stored> packed_as(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::BOOL: return Stored::kBits;
    case Type::INT8: return Stored::kI8;
    case Type::INT16: return Stored::kI16;
    case Type::INT32:
    case Type::DATE32: return Stored::kI32;
    case Type::INT64:
    case Type::TIMESTAMP: return Stored::kI64;
    case Type::FLOAT: return Stored::kF32;
    case Type::DOUBLE: return Stored::kF64;
    case Type::STRING: return Stored::kText32;
    case Type::DICTIONARY: return packed_as(*static_cast<const arrow::DictionaryType&>(type).index_type());
    default: return std::nullopt;
  }
}

}  // namespace penstock::io
