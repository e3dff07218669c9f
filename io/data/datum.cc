#include "io/data/datum.h"

namespace penstock::io {
namespace {

std::optional<uint64_t> varint(std::span<const std::byte> bytes, size_t& at) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
    const auto byte = static_cast<uint64_t>(bytes[at++]);
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
  return std::nullopt;
}

constexpr uint64_t kVarint = 0, kBytes = 2, kFixed32 = 5;  // wire types

}  // namespace

std::optional<Datum> datum_of(std::span<const std::byte> start, std::span<const std::byte> end, uint64_t bytes) {
  Datum out;
  size_t at = 0;
  bool has_data = false;
  while (!has_data) {
    const auto tag = varint(start, at);
    if (!tag) return std::nullopt;
    const auto value = varint(start, at);
    if (!value) return std::nullopt;
    const uint64_t field = *tag >> 3, wire = *tag & 7;
    if (field >= 1 && field <= 3 && wire == kVarint) continue;
    if (field != 4 || wire != kBytes) return std::nullopt;
    has_data = true;
    out.data_at = at;
    out.data_bytes = *value;
  }
  if (out.data_bytes == 0 || out.data_bytes > bytes || out.data_at > bytes - out.data_bytes) return std::nullopt;
  const uint64_t rest = bytes - out.data_at - out.data_bytes;
  if (rest > end.size()) return std::nullopt;  // float_data: no encoded picture
  const auto tail = end.last(rest);
  for (at = 0; at < tail.size();) {
    const auto tag = varint(tail, at);
    if (!tag) return std::nullopt;
    if ((*tag & 7) == kFixed32) {
      at += 4;
      continue;
    }
    const auto value = varint(tail, at);
    if (!value) return std::nullopt;
    if (*tag == (5u << 3 | kVarint))
      out.label = static_cast<int32_t>(*value);
    else if (*tag == (7u << 3 | kVarint))
      out.encoded = *value != 0;
    else
      return std::nullopt;
  }
  return out;
}

}  // namespace penstock::io
