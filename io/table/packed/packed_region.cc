#include "io/table/packed/packed_region.h"

#include <cstring>

#include "io/table/packed/narrow.h"
#include "io/table/packed/packed_index.h"

namespace penstock::io {
namespace {

void put_texts(const std::vector<std::string_view>& texts, std::byte* offsets, std::byte* values) {
  auto* ends = reinterpret_cast<int32_t*>(offsets);
  int32_t end = 0;
  *ends++ = 0;
  for (const std::string_view text : texts) {
    if (!text.empty()) std::memcpy(values + end, text.data(), text.size());
    end += static_cast<int32_t>(text.size());
    *ends++ = end;
  }
}

// Texts follow one another inside the bytes that are there.
bool offsets_fit(const std::byte* offsets, size_t rows, uint64_t bytes) {
  const auto* const ends = reinterpret_cast<const int32_t*>(offsets);
  bool fit = ends[0] >= 0;
  for (size_t i = 0; i < rows; ++i) fit &= ends[i] <= ends[i + 1];
  return fit && static_cast<uint64_t>(ends[rows]) <= bytes;
}

}  // namespace

RegionParts RegionParts::of(Stored as, size_t rows, bool has_valid, uint64_t text_bytes) {
  RegionParts parts;
  parts.valid_bytes = has_valid ? (rows + 7) / 8 : 0;
  parts.offsets_at = padded(parts.valid_bytes);
  parts.offsets_bytes = as == Stored::kText32 ? (rows + 1) * sizeof(int32_t) : 0;
  parts.values_at = parts.offsets_at + padded(parts.offsets_bytes);
  parts.values_bytes = as == Stored::kText32 ? text_bytes : as == Stored::kBits ? (rows + 7) / 8 : rows * width_of(as);
  parts.bytes = parts.values_at + padded(parts.values_bytes);
  return parts;
}

std::vector<std::byte> make_region(Stored as, const ColumnBlock& block, size_t rows) {
  uint64_t text_bytes = 0;
  if (as == Stored::kText32)
    for (const std::string_view text : block.texts) text_bytes += text.size();
  const RegionParts parts = RegionParts::of(as, rows, !block.missing.empty(), text_bytes);
  std::vector<std::byte> region(parts.bytes);
  if (!block.missing.empty()) pack_bits(block.missing, true, reinterpret_cast<uint8_t*>(region.data()));
  std::byte* const values = region.data() + parts.values_at;
  if (as == Stored::kText32) {
    put_texts(block.texts, region.data() + parts.offsets_at, values);
  } else if (as == Stored::kBits) {
    std::vector<uint8_t> bytes(rows);
    for (size_t i = 0; i < rows; ++i) bytes[i] = block.ints[i] != 0;
    pack_bits(bytes, false, reinterpret_cast<uint8_t*>(values));
  } else if (block.type == ColumnType::kReal) {
    narrow(as, std::span(block.reals), values);
  } else if (block.type == ColumnType::kText) {
    narrow(as, std::span(block.codes), values);
  } else {
    narrow(as, std::span(block.ints), values);
  }
  return region;
}

std::optional<StoredColumn> view_region(std::span<const std::byte> region, ColumnType type, Stored as, bool has_valid,
                                        size_t rows) {
  const RegionParts least = RegionParts::of(as, rows, has_valid, 0);
  if (region.size() < least.bytes || (as != Stored::kText32 && region.size() != least.bytes)) return std::nullopt;
  StoredColumn column{.type = type, .as = as, .rows = rows, .values = region.data() + least.values_at};
  if (has_valid) column.valid = reinterpret_cast<const uint8_t*>(region.data());
  if (as == Stored::kText32) {
    column.offsets = region.data() + least.offsets_at;
    if (!offsets_fit(column.offsets, rows, region.size() - least.values_at)) return std::nullopt;
  }
  return column;
}

}  // namespace penstock::io
