// A data set: a Source that knows classes, names and where its bytes lie.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/source.h"
#include "io/file/file_system.h"

namespace penstock::io {

struct TableFields;

/// Where the bytes of one record lie: `length` bytes from `offset` on in file number `file` of the data set.
struct Extent {
  uint32_t file = 0;
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// Random access to records that lie on disk. Thread-safe once opened. Every data set of pictures has the schema
///   bytes u8 (N, any)   the encoded record, as it lies on disk
///   label i64 (N)       the class's place in class_names(); -1 where it is not known
/// One of rows has the fields that table_fields.h says.
class Dataset : public Source {
 public:
  /// "folder" or "lmdb": what stands before ':' in "kind:path".
  virtual std::string_view format() const = 0;
  /// In the order of the labels; empty where there are no classes.
  virtual const std::vector<std::string>& class_names() const = 0;
  virtual int64_t label(uint64_t id) const = 0;
  /// The name that the source gave it: the path relative to the data set's folder, kept through packing.
  virtual std::string name(uint64_t id) const = 0;
  /// Encoded bytes of all records together.
  virtual uint64_t bytes() const = 0;
  /// The path that was opened.
  virtual const std::string& path() const = 0;
  /// XXH3-64 of the record's bytes where the format keeps one; read() then checks it.
  virtual std::optional<uint64_t> stored_checksum(uint64_t) const { return std::nullopt; }
  /// Whether each record's unbounded bytes are one extent of a file, so that whoever reads ahead may fetch them by offset. Where not
  /// (an array that a library has to unpack), only read() brings them, and the functions below must not be called.
  virtual bool has_extents() const { return false; }
  /// Files that hold records; a folder has one for each picture.
  virtual uint32_t file_count() const { return 0; }
  virtual std::string file_path(uint32_t) const { return {}; }
  /// out[i] is where record ids[i] lies. Much cheaper for many ids at once.
  virtual void extents(std::span<const uint64_t>, std::span<Extent>) const {}
  /// Everything of row i of `out` but its unbounded bytes: the label.
  virtual void fill(uint64_t id, size_t i, Intake& out) const;
  /// Why `bytes`, which were read at the record's extent, are not the record's ("its checksum differs ..."); "" where they are.
  virtual std::string fault_of(uint64_t, std::span<const std::byte>) const { return {}; }
  /// Of the bytes at rest: changes whenever a file was written to or replaced since, also where the fingerprint stays the same. What
  /// keeps a cache from serving an old data set.
  virtual uint64_t state() const { return fingerprint(); }
  /// The door that its files are read through.
  virtual FileSystem& file_system() const { return FileSystem::real(); }

  /// Of a data set of rows: its columns and what is learnt of it; null: it is none. Good as long as the data set.
  virtual const TableFields* table_fields() const { return nullptr; }

  /// What a user should know though it is no fault: one class only, class folders without pictures, ... A sentence each.
  virtual std::vector<std::string> notes() const { return {}; }

  static constexpr size_t kBytesField = 0;
  static constexpr size_t kLabelField = 1;
  /// The schema above.
  static Schema picture_schema();
};

/// For each of `own` its place in `wanted`: classes are matched by name, not by number. Throws kUsage naming the first class that
/// `wanted` lacks.
std::vector<int64_t> match_classes(std::span<const std::string> own, std::span<const std::string> wanted,
                                   const std::string& path);

}  // namespace penstock::io
