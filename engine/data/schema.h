// What a batch carries, said before any data is read: names, types and shapes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

enum class DType : uint8_t { kU8, kI8, kU16, kI16, kI32, kI64, kU64, kF16, kBF16, kF32, kF64 };

size_t size_of(DType type);
std::string_view name_of(DType type);  ///< "u8", "f32", ...
std::optional<DType> dtype_named(std::string_view name);

/// How many rows of a field one record has.
enum class Extent : uint8_t {
  kFixed,      ///< exactly one tensor of `shape`
  kRagged,     ///< 0..max_rows rows of `shape`; the batch packs them one after the other with offsets (N + 1)
  kUnbounded,  ///< any number of rows (encoded bytes, text): lives in the slice only, never in a batch
};

/// One named column of a record. `shape` is that of one record (kFixed) or one row (the others), without N.
struct Field {
  std::string name;
  DType dtype = DType::kU8;
  std::vector<int64_t> shape;
  Extent extent = Extent::kFixed;
  int64_t max_rows = 0;   ///< of a kRagged field
  bool optional = false;  ///< a record may lack it: zeros, and `present` says 0

  static Field fixed(std::string name, DType dtype, std::vector<int64_t> shape = {});
  static Field ragged(std::string name, DType dtype, std::vector<int64_t> row_shape, int64_t max_rows);
  /// u8, any length: what decoders and parsers read.
  static Field encoded(std::string name);

  /// Bytes of one row (kRagged, kUnbounded) or of the record (kFixed).
  size_t row_bytes() const;
  /// Bytes a record may take in a batch: row_bytes() times max_rows where ragged; 0 where unbounded.
  size_t slot_bytes() const;
  /// "pixels u8 (N, 128, 128, 3)", "boxes f32 (N, <=100, 4)", "bytes u8 (N, any)".
  std::string text() const;
  bool operator==(const Field&) const = default;
};

/// An ordered list of fields with distinct names.
class Schema {
 public:
  Schema() = default;
  Schema(std::initializer_list<Field> fields);

  /// Throws Error kUsage where the name is taken.
  void add(Field field);
  /// Puts `field` in the place of the one of that name, or at the end.
  void set(Field field);
  void remove(std::string_view name);
  const Field* find(std::string_view name) const;
  /// Throws Error kUsage naming the nearest field where there is none; `who` asks.
  const Field& require(std::string_view name, std::string_view who) const;
  size_t index_of(std::string_view name) const;  ///< npos where absent
  const std::vector<Field>& fields() const { return fields_; }
  size_t size() const { return fields_.size(); }
  std::string text() const;  ///< a line a field
  bool operator==(const Schema&) const = default;

  static constexpr size_t npos = static_cast<size_t>(-1);

 private:
  std::vector<Field> fields_;
};

}  // namespace penstock
