// A data set: a Source that knows classes, names and where its bytes lie.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/source.h"

namespace penstock::io {

/// Random access to records that lie on disk. Thread-safe once opened. Every data set of pictures has the schema
///   bytes u8 (N, any)   the encoded record, as it lies on disk
///   label i64 (N)       the class's place in class_names(); -1 where it is not known
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
