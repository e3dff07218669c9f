#include "io/data/lmdb_format.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

constexpr int kVersion = 1;
constexpr uint32_t kChunkMagic = 0x4b4e4843;  // "CHNK"

struct ChunkHeader {
  uint32_t magic = kChunkMagic;
  uint32_t count = 0;
  uint64_t first_position = 0;
  uint64_t source_position = 0;
  uint64_t body_sum = 0;
};

struct ChunkRow {
  uint64_t id, checksum;
  int32_t label;
  uint32_t length, flags, name_bytes;
};
static_assert(sizeof(ChunkHeader) == 32 && sizeof(ChunkRow) == 32);

std::string big_endian(uint64_t value) {
  std::string out(8, '\0');
  for (size_t i = 8; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 255);
  return out;
}

nlohmann::json json_of(const Field& field) {
  return {{"name", field.name},         {"dtype", name_of(field.dtype)},
          {"shape", field.shape},       {"extent", static_cast<int>(field.extent)},
          {"max_rows", field.max_rows}, {"optional", field.optional}};
}

Field field_from(const nlohmann::json& json) {
  Field field;
  field.name = json.at("name");
  const auto dtype = dtype_named(json.at("dtype").get<std::string>());
  if (!dtype) throw std::invalid_argument("unknown dtype");
  field.dtype = *dtype;
  field.shape = json.at("shape").get<std::vector<int64_t>>();
  if (std::any_of(field.shape.begin(), field.shape.end(), [](int64_t n) { return n < 0; }))
    throw std::invalid_argument("a shape below 0");
  const auto extent = json.at("extent").get<int64_t>();
  if (extent < 0 || extent > static_cast<int64_t>(Extent::kUnbounded)) throw std::invalid_argument("unknown extent");
  field.extent = static_cast<Extent>(extent);
  field.max_rows = json.at("max_rows");
  if (field.max_rows < 0) throw std::invalid_argument("rows below 0");
  field.optional = json.at("optional");
  return field;
}

uint64_t hex_at(const nlohmann::json& json, const char* key) {
  const auto value = from_hex(json.at(key).get<std::string>());
  if (!value) throw std::invalid_argument("not a checksum");
  return *value;
}

}  // namespace

uint64_t PackHead::fingerprint() const {
  return options_hash == 0 ? source_fingerprint : Checksum().add(source_fingerprint).add(options_hash).value();
}

std::string PackHead::to_json() const {
  nlohmann::json fields = nlohmann::json::array();
  for (const Field& field : schema.fields()) fields.push_back(json_of(field));
  const nlohmann::json all{{"penstock", kVersion},
                           {"schema", fields},
                           {"classes", classes},
                           {"source_fingerprint", hex(source_fingerprint)},
                           {"options_hash", hex(options_hash)},
                           {"expected_records", expected_records}};
  // File names need not be UTF-8; a class folder's name that is not keeps what can be shown of it.
  return all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

PackHead PackHead::from_json(std::string_view text, const std::string& path) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.at("penstock").get<int>() != kVersion) {
      throw Error(Code::kData, "'" + path + "' was written by another version of Penstock")
          .hint("pack the source again");
    }
    PackHead head;
    for (const auto& field : json.at("schema")) head.schema.add(field_from(field));
    head.classes = json.at("classes").get<std::vector<std::string>>();
    head.source_fingerprint = hex_at(json, "source_fingerprint");
    head.options_hash = hex_at(json, "options_hash");
    head.expected_records = json.at("expected_records");
    return head;
  } catch (const std::exception& e) {
    if (dynamic_cast<const Error*>(&e) != nullptr) throw;
    throw Error(Code::kData, "the description in '" + path + "' is damaged: " + e.what()).hint("pack the source again");
  }
}

std::string to_bytes(const RecordChunk& chunk) {
  ChunkHeader header;
  header.count = static_cast<uint32_t>(chunk.records.size());
  header.first_position = chunk.first_position;
  header.source_position = chunk.source_position;
  std::string out(sizeof header, '\0');
  for (const RecordNote& note : chunk.records) {
    const ChunkRow row{note.id,     note.checksum,           note.label,
                       note.length, note.verified ? 1u : 0u, static_cast<uint32_t>(note.name.size())};
    out.append(reinterpret_cast<const char*>(&row), sizeof row);
  }
  for (const RecordNote& note : chunk.records) out += note.name;
  header.body_sum = checksum(std::string_view(out).substr(sizeof header));
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

std::optional<RecordChunk> chunk_from(std::span<const std::byte> bytes) {
  ChunkHeader header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto body = bytes.subspan(sizeof header);
  if (header.magic != kChunkMagic || body.size() < uint64_t{header.count} * sizeof(ChunkRow)) return std::nullopt;
  if (checksum(body) != header.body_sum) return std::nullopt;
  RecordChunk out{header.first_position, header.source_position, {}};
  out.records.resize(header.count);
  size_t name_at = header.count * sizeof(ChunkRow);
  for (uint32_t i = 0; i < header.count; ++i) {
    ChunkRow row;
    std::memcpy(&row, body.data() + i * sizeof row, sizeof row);
    if (body.size() - name_at < row.name_bytes) return std::nullopt;
    out.records[i] = {row.id,
                      row.checksum,
                      row.label,
                      row.length,
                      (row.flags & 1) != 0,
                      std::string(reinterpret_cast<const char*>(body.data()) + name_at, row.name_bytes)};
    name_at += row.name_bytes;
  }
  return out;
}

LmdbKey take_key(std::span<const std::byte> key) {
  if (key.size() == 1 && key[0] == std::byte{0}) return {LmdbKeyKind::kHead, 0};
  if (key.size() != 8 && !(key.size() == 9 && key[8] == std::byte{'m'})) return {};
  uint64_t position = 0;
  for (size_t i = 0; i < 8; ++i) position = position << 8 | std::to_integer<uint64_t>(key[i]);
  return {key.size() == 8 ? LmdbKeyKind::kRecord : LmdbKeyKind::kChunk, position};
}

std::string head_key() { return std::string(1, '\0'); }
std::string record_key(uint64_t position) { return big_endian(position); }
std::string chunk_key(uint64_t last_position) { return big_endian(last_position) + "m"; }

}  // namespace penstock::io
