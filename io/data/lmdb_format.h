// What Penstock writes into an LMDB, key by key.
//
//   key                          value
//   00                           the head: JSON with version, schema, classes, fingerprints (PackHead)
//   position, u64 big-endian     the encoded record, nothing else: any LMDB reader gets pictures
//   last position, then 'm'      a chunk: labels, names, checksums, ids of the records that were committed with it (RecordNote)
//
// All keys rise, so everything is written with MDB_APPEND, and the last key of a committed database is a chunk: it says how far the writer got.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/schema.h"

namespace penstock::io {

/// What makes two packings the same; it lies in the head and in the folder as penstock.json.
struct PackHead {
  Schema schema;
  std::vector<std::string> classes;
  uint64_t source_fingerprint = 0;
  uint64_t options_hash =
      0;  ///< of all that changes bytes or order (resize, quality, shuffle, limit); 0: records as they are in the source
  uint64_t expected_records = 0;

  /// Of the data set in the LMDB: the source's own where the records are, else derived from it.
  uint64_t fingerprint() const;
  std::string to_json() const;
  /// Throws kData where it is not one.
  static PackHead from_json(std::string_view text, const std::string& path);
  bool operator==(const PackHead&) const = default;
};

/// What is known of one record beside its bytes.
struct RecordNote {
  uint64_t id = 0;
  uint64_t checksum = 0;  ///< XXH3-64 of the bytes
  int32_t label = -1;
  uint32_t length = 0;
  bool verified = false;  ///< decoded in full without fault when it was packed
  std::string name;
};

/// The records of one commit.
struct RecordChunk {
  uint64_t first_position = 0;
  uint64_t source_position = 0;  ///< of the last record: where in the source the writer was
  std::vector<RecordNote> records;
};

std::string to_bytes(const RecordChunk& chunk);
/// Nothing where they are damaged.
std::optional<RecordChunk> chunk_from(std::span<const std::byte> bytes);

enum class LmdbKeyKind { kHead, kRecord, kChunk, kForeign };
struct LmdbKey {
  LmdbKeyKind kind = LmdbKeyKind::kForeign;
  uint64_t position = 0;
};
LmdbKey take_key(std::span<const std::byte> key);
std::string head_key();
std::string record_key(uint64_t position);
std::string chunk_key(uint64_t last_position);

}  // namespace penstock::io
