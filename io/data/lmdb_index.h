// The offset index beside data.mdb: where each record lies, so that reads need no B-tree.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/data/lmdb_file.h"
#include "io/data/lmdb_format.h"
#include "io/file/file.h"

namespace penstock::io {

/// 24 bytes a record.
struct LmdbIndexRow {
  static constexpr uint64_t kVerified = 1, kHasChecksum = 2;

  uint64_t place = 0;  ///< offset in data.mdb (48 bits), then flags (16 bits)
  uint64_t checksum = 0;
  uint32_t length = 0;
  int32_t label = -1;

  uint64_t offset() const { return place & ((uint64_t{1} << 48) - 1); }
  bool has(uint64_t flag) const { return (place >> 48 & flag) != 0; }
  static uint64_t place_of(uint64_t offset, uint64_t flags) { return offset | flags << 48; }
};

/// Rows by record id and the names' file. Rows are held in memory; names are read when asked for. On disk: a header (which
/// data.mdb it belongs to: its transaction and last page), rows, name offsets, names, the head as JSON (for another's database in its stead: root
/// page, entries, bytes and change time of data.mdb); header and body each with an XXH3. Const members are thread-safe.
class LmdbIndex {
 public:
  static constexpr const char* kFileName = "penstock.index";

  /// Of no records.
  LmdbIndex() = default;

  /// Walks the tree and writes the index as the file `path`, atomically: ours (head, chunks) or another's (each value a picture, label -1, name = key).
  /// Throws kData where the database is damaged, or another's values are no pictures.
  static void build(const LmdbFile& lmdb, FileSystem& fs, const std::string& path);
  /// Throws kIo, or kData where the file is damaged. Nothing where it belongs to another state of data.mdb.
  static std::optional<LmdbIndex> open(FileSystem& fs, const std::string& path, const LmdbFile& lmdb);

  const std::vector<LmdbIndexRow>& rows() const { return rows_; }
  /// False: a database that Penstock did not write. Its head has no classes.
  bool is_ours() const { return is_ours_; }
  const PackHead& head() const { return head_; }
  uint64_t fingerprint() const { return fingerprint_; }
  std::string name(uint64_t id) const;

 private:
  File file_;
  std::vector<LmdbIndexRow> rows_;
  uint64_t names_at_ = 0;  ///< of the name offsets, u64 (N + 1); the names follow
  uint64_t fingerprint_ = 0;
  bool is_ours_ = false;
  PackHead head_;
};

}  // namespace penstock::io
