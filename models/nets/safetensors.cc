#include "models/nets/safetensors.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "models/nets/safetensors_header.h"

namespace penstock::nets {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's limit

constexpr std::pair<DType, const char*> kTypeNames[] = {
    {DType::kU8, "U8"},     {DType::kI8, "I8"},   {DType::kU16, "U16"}, {DType::kI16, "I16"},
    {DType::kI32, "I32"},   {DType::kI64, "I64"}, {DType::kU64, "U64"}, {DType::kF16, "F16"},
    {DType::kBF16, "BF16"}, {DType::kF32, "F32"}, {DType::kF64, "F64"}};

const char* stored_name(DType type) {
  for (const auto& [dtype, name] : kTypeNames) {
    if (dtype == type) return name;
  }
  PENSTOCK_CHECK(false);
  return "";
}

/// Bytes of a tensor; false where the product leaves 63 bits.
bool bytes_of(const std::vector<int64_t>& shape, DType type, uint64_t& out) {
  out = size_of(type);
  for (const int64_t extent : shape) {
    uint64_t product = 0;
    if (__builtin_mul_overflow(out, static_cast<uint64_t>(extent), &product) || product >> 63) return false;
    out = product;
  }
  return true;
}

template <class List>
std::string joined(const List& list) {
  std::string out;
  for (const auto value : list) out += (out.empty() ? "" : ",") + std::to_string(value);
  return "[" + out + "]";
}

}  // namespace

const StoredTensor* StoredState::find(std::string_view name) const {
  const auto it =
      std::lower_bound(tensors.begin(), tensors.end(), name,
                       [](const StoredTensor& tensor, std::string_view wanted) { return tensor.name < wanted; });
  return it != tensors.end() && it->name == name ? &*it : nullptr;
}

std::vector<std::byte> encode_safetensors(std::vector<StoredTensor> tensors, const Metadata& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    const size_t a_size = size_of(a.dtype), b_size = size_of(b.dtype);
    return a_size != b_size ? a_size > b_size : a.name < b.name;
  });
  std::string header = "{";
  const auto comma = [&header] { return header.size() > 1 ? "," : ""; };
  if (!metadata.empty()) {
    std::string pairs;
    for (const auto& [key, value] : metadata)
      pairs += (pairs.empty() ? "" : ",") + json_quoted(key) + ":" + json_quoted(value);
    header += "\"__metadata__\":{" + pairs + "}";
  }
  uint64_t offset = 0;
  for (const StoredTensor& tensor : tensors) {
    uint64_t bytes = 0;
    PENSTOCK_CHECK(bytes_of(tensor.shape, tensor.dtype, bytes) && bytes == tensor.bytes.size());
    header += comma() + json_quoted(tensor.name) + ":{\"dtype\":\"" + stored_name(tensor.dtype) +
              "\",\"shape\":" + joined(tensor.shape) +
              ",\"data_offsets\":" + joined(std::vector<uint64_t>{offset, offset + bytes}) + "}";
    offset += bytes;
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');

  std::vector<std::byte> out(8 + header.size() + offset);
  const uint64_t header_bytes = header.size();
  std::memcpy(out.data(), &header_bytes, 8);
  std::memcpy(out.data() + 8, header.data(), header.size());
  std::byte* to = out.data() + 8 + header.size();
  for (const StoredTensor& tensor : tensors) {
    if (!tensor.bytes.empty()) std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
    to += tensor.bytes.size();
  }
  return out;
}

StoredState decode_safetensors(std::span<const std::byte> bytes, std::string_view origin) {
  const auto fail = [origin](const std::string& what) {
    return Error(Code::kData, "cannot read '" + std::string(origin) + "' as safetensors: " + what);
  };
  if (bytes.size() < 8)
    throw fail("it has " + std::to_string(bytes.size()) + " bytes, fewer than the 8 of a header length");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), 8);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - 8) {
    throw fail("the header claims " + std::to_string(header_bytes) + " bytes, the file has " +
               std::to_string(bytes.size() - 8) + " after it");
  }
  SafetensorsHeader header;
  try {
    header = parse_safetensors_header({reinterpret_cast<const char*>(bytes.data()) + 8, header_bytes});
  } catch (Error& error) { throw fail(error.message()); }
  const auto data = bytes.subspan(8 + header_bytes);

  StoredState out;
  out.metadata = std::move(header.metadata);
  for (const auto& [name, entry] : header.tensors) {
    const auto type = std::find_if(std::begin(kTypeNames), std::end(kTypeNames),
                                   [&entry](const auto& pair) { return entry.dtype == pair.second; });
    if (type == std::end(kTypeNames)) throw fail("tensor '" + name + "' has the unknown type '" + entry.dtype + "'");
    if (entry.begin > entry.end || entry.end > data.size()) {
      throw fail("tensor '" + name + "' lies at " + joined(std::vector<uint64_t>{entry.begin, entry.end}) +
                 ", outside the " + std::to_string(data.size()) + " bytes of data");
    }
    uint64_t wanted = 0;
    if (!bytes_of(entry.shape, type->first, wanted) || wanted != entry.end - entry.begin) {
      throw fail("tensor '" + name + "' of type " + entry.dtype + " and shape " + joined(entry.shape) +
                 " does not fill its " + std::to_string(entry.end - entry.begin) + " bytes");
    }
    out.tensors.push_back({name, type->first, entry.shape, data.subspan(entry.begin, wanted)});
  }

  std::vector<const StoredTensor*> by_place;
  for (const StoredTensor& tensor : out.tensors) by_place.push_back(&tensor);
  std::sort(by_place.begin(), by_place.end(), [](const StoredTensor* a, const StoredTensor* b) {
    return a->bytes.data() != b->bytes.data() ? a->bytes.data() < b->bytes.data() : a->bytes.size() < b->bytes.size();
  });
  const std::byte* next = data.data();
  for (const StoredTensor* tensor : by_place) {
    if (tensor->bytes.data() < next) throw fail("tensor '" + tensor->name + "' overlaps the one before it");
    if (tensor->bytes.data() > next) throw fail("there is a gap before tensor '" + tensor->name + "'");
    next += tensor->bytes.size();
  }
  if (next != data.data() + data.size()) {
    throw fail(std::to_string(data.data() + data.size() - next) + " bytes at the end belong to no tensor");
  }
  return out;
}

}  // namespace penstock::nets
