// LMDB's file read without LMDB: by pread and with every number checked, so that a damaged file is an error and never a SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "io/file/file.h"

namespace penstock::io {

/// What the newer of the two meta pages says (LMDB data version 1, 64 bits, little-endian: lmdb.h, mdb.c of LMDB 0.9).
struct LmdbMeta {
  uint64_t page_bytes = 0;
  uint64_t last_page = 0;
  uint64_t transaction = 0;
  uint64_t entries = 0;   ///< of the main database
  uint64_t root = ~0ull;  ///< page; ~0: empty
  uint32_t depth = 0;
};

/// A key with the place of its value in the file; a value of several pages lies contiguous. The key is good during the call alone.
struct LmdbEntry {
  std::span<const std::byte> key;
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// An LMDB at rest: nobody may write to it meanwhile. Const members are thread-safe.
class LmdbFile {
 public:
  /// Opens FOLDER/data.mdb. Throws kIo where it cannot be read; kData where it is no LMDB, or cut short.
  LmdbFile(FileSystem& fs, const std::string& folder);

  const LmdbMeta& meta() const { return meta_; }
  const File& file() const { return file_; }
  uint64_t bytes() const { return bytes_; }
  /// Calls `visit` for each entry of the main database in key order. Reads the tree's pages, not the values. Throws kData where the tree is
  /// damaged or holds named or multi-value databases.
  void walk(const std::function<void(const LmdbEntry&)>& visit) const;

 private:
  struct Visitor;
  [[noreturn]] void damaged(const std::string& what) const;

  File file_;
  uint64_t bytes_ = 0;
  LmdbMeta meta_;
};

}  // namespace penstock::io
