#include "engine/data/schema.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/nearest.h"

namespace penstock {
namespace {

struct TypeRow {
  DType type;
  std::string_view name;
  size_t bytes;
};
constexpr std::array<TypeRow, 11> kTypes = {{{DType::kU8, "u8", 1},
                                             {DType::kI8, "i8", 1},
                                             {DType::kU16, "u16", 2},
                                             {DType::kI16, "i16", 2},
                                             {DType::kI32, "i32", 4},
                                             {DType::kI64, "i64", 8},
                                             {DType::kU64, "u64", 8},
                                             {DType::kF16, "f16", 2},
                                             {DType::kBF16, "bf16", 2},
                                             {DType::kF32, "f32", 4},
                                             {DType::kF64, "f64", 8}}};

const TypeRow& row_of(DType type) { return kTypes[static_cast<size_t>(type)]; }

}  // namespace

size_t size_of(DType type) { return row_of(type).bytes; }
std::string_view name_of(DType type) { return row_of(type).name; }

std::optional<DType> dtype_named(std::string_view name) {
  for (const TypeRow& row : kTypes)
    if (row.name == name) return row.type;
  return std::nullopt;
}

Field Field::fixed(std::string name, DType dtype, std::vector<int64_t> shape) {
  Field field;
  field.name = std::move(name);
  field.dtype = dtype;
  field.shape = std::move(shape);
  return field;
}

Field Field::ragged(std::string name, DType dtype, std::vector<int64_t> row_shape, int64_t max_rows) {
  Field field = fixed(std::move(name), dtype, std::move(row_shape));
  field.extent = Extent::kRagged;
  field.max_rows = max_rows;
  return field;
}

Field Field::encoded(std::string name) {
  Field field = fixed(std::move(name), DType::kU8);
  field.extent = Extent::kUnbounded;
  return field;
}

size_t Field::row_bytes() const {
  size_t count = 1;
  for (const int64_t n : shape) count *= static_cast<size_t>(n);
  return count * size_of(dtype);
}

size_t Field::slot_bytes() const {
  if (extent == Extent::kUnbounded) return 0;
  return extent == Extent::kRagged ? row_bytes() * static_cast<size_t>(max_rows) : row_bytes();
}

std::string Field::text() const {
  std::string text = name + " " + std::string(name_of(dtype)) + " (N";
  if (extent == Extent::kRagged) text += ", <=" + std::to_string(max_rows);
  if (extent == Extent::kUnbounded) text += ", any";
  for (const int64_t n : shape) text += ", " + std::to_string(n);
  text += ")";
  return optional ? text + " optional" : text;
}

Schema::Schema(std::initializer_list<Field> fields) {
  for (const Field& field : fields) add(field);
}

void Schema::add(Field field) {
  if (find(field.name) != nullptr) throw Error(Code::kUsage, "two fields have the name '" + field.name + "'");
  fields_.push_back(std::move(field));
}

void Schema::set(Field field) {
  const size_t at = index_of(field.name);
  if (at == npos)
    fields_.push_back(std::move(field));
  else
    fields_[at] = std::move(field);
}

void Schema::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return field.name == name; });
}

const Field* Schema::find(std::string_view name) const {
  const size_t at = index_of(name);
  return at == npos ? nullptr : &fields_[at];
}

size_t Schema::index_of(std::string_view name) const {
  const auto it = std::find_if(fields_.begin(), fields_.end(), [&](const Field& field) { return field.name == name; });
  return it == fields_.end() ? npos : static_cast<size_t>(it - fields_.begin());
}

const Field& Schema::require(std::string_view name, std::string_view who) const {
  if (const Field* field = find(name)) return *field;
  std::vector<std::string> known;
  std::string list;
  for (const Field& field : fields_) {
    known.push_back(field.name);
    list += (list.empty() ? "" : ", ") + field.name;
  }
  throw Error(Code::kUsage, std::string(who) + " asks for field '" + std::string(name) +
                                "', which nothing before it makes" + nearest_hint(name, known))
      .hint("there are: " + (list.empty() ? "none" : list));
}

std::string Schema::text() const {
  std::string text;
  for (const Field& field : fields_) text += field.text() + "\n";
  return text;
}

}  // namespace penstock
