#include "io/table/arrow/arrow_rows.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include "engine/base/error.h"
#include "io/table/arrow/arrow_types.h"
#include "io/table/stored_rows.h"

namespace penstock::io {
namespace {

/// What the columns borrow.
struct Held {
  std::shared_ptr<const arrow::RecordBatch> batch;
  std::vector<std::unique_ptr<std::vector<double>>> reals;
  std::vector<std::unique_ptr<std::vector<std::string_view>>> words;
  std::vector<std::unique_ptr<std::vector<uint32_t>>> codes;
  uint64_t bytes = 0;
};

std::vector<std::string_view> views_of(const arrow::Array& array) {
  std::vector<std::string_view> views(static_cast<size_t>(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    switch (array.type_id()) {
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        views[static_cast<size_t>(i)] = static_cast<const arrow::LargeBinaryArray&>(array).GetView(i);
        break;
      case arrow::Type::FIXED_SIZE_BINARY:
        views[static_cast<size_t>(i)] = static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(i);
        break;
      case arrow::Type::STRING_VIEW:
        views[static_cast<size_t>(i)] = static_cast<const arrow::StringViewArray&>(array).GetView(i);
        break;
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        views[static_cast<size_t>(i)] = static_cast<const arrow::BinaryArray&>(array).GetView(i);
        break;
      default: break;  // null: no value at all
    }
  }
  return views;
}

std::vector<double> reals_of(const arrow::Array& array) {
  std::vector<double> out(static_cast<size_t>(array.length()));
  const auto each = [&](const auto& typed, const auto& value_of) {
    for (int64_t i = 0; i < array.length(); ++i)
      if (!array.IsNull(i)) out[static_cast<size_t>(i)] = value_of(typed, i);
  };
  const auto decimal = [&](auto kind) {
    using Value = decltype(kind);
    const auto& type = static_cast<const arrow::DecimalType&>(*array.type());
    each(static_cast<const arrow::FixedSizeBinaryArray&>(array),
         [&](const auto& typed, int64_t i) { return Value(typed.GetValue(i)).ToDouble(type.scale()); });
  };
  switch (array.type_id()) {
    case arrow::Type::HALF_FLOAT:
      each(static_cast<const arrow::HalfFloatArray&>(array), [](const auto& typed, int64_t i) {
        return static_cast<double>(arrow::util::Float16::FromBits(typed.Value(i)).ToFloat());
      });
      break;
    case arrow::Type::DECIMAL32: decimal(arrow::Decimal32()); break;
    case arrow::Type::DECIMAL64: decimal(arrow::Decimal64()); break;
    case arrow::Type::DECIMAL128: decimal(arrow::Decimal128()); break;
    case arrow::Type::DECIMAL256: decimal(arrow::Decimal256()); break;
    default: PENSTOCK_CHECK(false && "no decimal");
  }
  return out;
}

Stored ints_as(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::INT8: return Stored::kI8;
    case Type::INT16: return Stored::kI16;
    case Type::INT32:
    case Type::DATE32: return Stored::kI32;
    case Type::UINT8: return Stored::kU8;
    case Type::UINT16: return Stored::kU16;
    case Type::UINT32: return Stored::kU32;
    case Type::UINT64: return Stored::kU64;
    case Type::BOOL: return Stored::kBits;
    case Type::FLOAT: return Stored::kF32;
    case Type::DOUBLE: return Stored::kF64;
    default: return Stored::kI64;
  }
}

int64_t divide_of(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DATE64) return 86'400'000;
  if (type.id() != arrow::Type::TIMESTAMP) return 1;
  switch (static_cast<const arrow::TimestampType&>(type).unit()) {
    case arrow::TimeUnit::SECOND: return 1;
    case arrow::TimeUnit::MILLI: return 1'000;
    case arrow::TimeUnit::MICRO: return 1'000'000;
    case arrow::TimeUnit::NANO: return 1'000'000'000;
  }
  return 1;
}

void set_words(StoredColumn& column, const arrow::Array& words, Held& held) {
  held.words.push_back(std::make_unique<std::vector<std::string_view>>(views_of(words)));
  held.bytes += held.words.back()->size() * sizeof(std::string_view);
  column.words = held.words.back().get();
}

StoredColumn stored_of(const arrow::Array& array, ColumnType type, Held& held) {
  const arrow::ArrayData& data = *array.data();
  StoredColumn column{.type = type,
                      .as = ints_as(*data.type),
                      .first = static_cast<size_t>(data.offset),
                      .rows = static_cast<size_t>(data.length),
                      .divide = divide_of(*data.type),
                      .is_foreign = true};
  const auto buffer = [&](size_t b) {
    return reinterpret_cast<const std::byte*>(data.buffers[b] ? data.buffers[b]->data() : nullptr);
  };
  const arrow::Type::type id = data.type->id();
  if (id != arrow::Type::NA && array.null_count() > 0) column.valid = reinterpret_cast<const uint8_t*>(buffer(0));
  if (id == arrow::Type::DICTIONARY) {
    const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
    column.as = ints_as(*coded.indices()->type());
    column.values = buffer(1);
    set_words(column, *coded.dictionary(), held);
    return column;
  }
  if (arrow::is_decimal(id) || id == arrow::Type::HALF_FLOAT) {
    held.reals.push_back(std::make_unique<std::vector<double>>(reals_of(array)));
    held.bytes += held.reals.back()->size() * sizeof(double);
    // Its own rows begin at 0, while the validity bits may begin later: pad.
    held.reals.back()->insert(held.reals.back()->begin(), column.first, 0.0);
    column.as = Stored::kF64;
    column.values = reinterpret_cast<const std::byte*>(held.reals.back()->data());
    return column;
  }
  const bool is_text = type == ColumnType::kText;
  if (is_text && (id == arrow::Type::STRING || id == arrow::Type::BINARY || id == arrow::Type::LARGE_STRING ||
                  id == arrow::Type::LARGE_BINARY)) {
    column.as = id == arrow::Type::STRING || id == arrow::Type::BINARY ? Stored::kText32 : Stored::kText64;
    column.offsets = buffer(1);
    column.values = buffer(2);
    return column;
  }
  if (is_text) {  // row i says word i
    held.codes.push_back(std::make_unique<std::vector<uint32_t>>(column.first + column.rows));
    for (size_t i = 0; i < column.rows; ++i) (*held.codes.back())[column.first + i] = static_cast<uint32_t>(i);
    held.bytes += held.codes.back()->size() * sizeof(uint32_t);
    column.as = Stored::kU32;
    column.values = reinterpret_cast<const std::byte*>(held.codes.back()->data());
    set_words(column, array, held);
    if (id == arrow::Type::NA) {
      held.codes.push_back(std::make_unique<std::vector<uint32_t>>(column.first + column.rows));
      column.valid = reinterpret_cast<const uint8_t*>(held.codes.back()->data());
    }
    return column;
  }
  column.values = buffer(1);
  return column;
}

}  // namespace

ArrowColumns columns_of(const arrow::Schema& schema, const std::string& path) {
  ArrowColumns out;
  std::vector<ColumnSpec> columns;
  for (int f = 0; f < schema.num_fields(); ++f) {
    const arrow::Field& field = *schema.field(f);
    const auto found = column_of(*field.type());
    if (!found) {
      out.notes.push_back("column '" + field.name() + "' of '" + path + "' is left out: " + field.type()->ToString() +
                          " is no type of a table's column");
      continue;
    }
    if (!found->note.empty()) out.notes.push_back("column '" + field.name() + "' of '" + path + "': " + found->note);
    columns.push_back({field.name(), found->type});
    out.fields.push_back(f);
  }
  if (columns.empty())
    throw Error(Code::kUsage,
                "'" + path + "' has no column that can be read" + (out.notes.empty() ? "" : ": " + out.notes.front()));
  try {
    out.schema = TableSchema(std::move(columns));
  } catch (Error& e) { throw e.add("opening '" + path + "'"); }
  return out;
}

std::shared_ptr<const RawRows> rows_of(std::shared_ptr<const arrow::RecordBatch> batch,
                                       const std::vector<ColumnType>& types, uint64_t first, const std::string& path) {
  if (const arrow::Status status = batch->ValidateFull(); !status.ok())
    throw Error(Code::kData, "'" + path + "' is damaged from row " + std::to_string(first) +
                                 " on: " + status.message().substr(0, status.message().find('\n')))
        .hint("make it anew");
  auto held = std::make_shared<Held>();
  held->batch = batch;
  std::vector<StoredColumn> columns;
  for (size_t c = 0; c < types.size(); ++c) {
    const auto array = batch->column(static_cast<int>(c));
    const auto found = column_of(*array->type());
    if (!found || found->type != types[c])
      throw Error(Code::kData, "column '" + batch->column_name(static_cast<int>(c)) + "' of '" + path + "' is " +
                                   array->type()->ToString() + " from row " + std::to_string(first) + " on");
    columns.push_back(stored_of(*array, types[c], *held));
  }
  const uint64_t bytes = held->bytes + static_cast<uint64_t>(arrow::util::TotalBufferSize(*batch));
  const auto count = static_cast<size_t>(batch->num_rows());
  return std::make_shared<StoredRows>(first, count, std::move(columns), bytes, std::move(held));
}

}  // namespace penstock::io
