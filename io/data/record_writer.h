// What packs a data set: records go in one after the other, a whole data set comes out or nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/data/lmdb_format.h"
#include "io/file/file_system.h"

namespace penstock::io {

/// One record to be packed. Borrowed during append() alone.
struct PackedRecord {
  uint64_t id =
      0;  ///< each of 0 .. N - 1 once, in any order: append order is the order on disk, the id is what readers ask for
  std::string_view name;
  int64_t label = -1;
  bool verified = false;
  /// Where in the source's order the writer is; comes back as resume_source_position() - 1. Records that the packer leaves out leave gaps.
  uint64_t source_position = 0;
  std::span<const std::byte> bytes;
};

struct RecordWriterOptions {
  PackHead head;  ///< schema, classes, fingerprints: what makes two packings the same
  /// A sync each so many bytes: what a killed writer loses at most, and the memory it holds.
  uint64_t commit_bytes = uint64_t{64} << 20;
};

/// Writes DEST.partial and gives it the name DEST in finish(), with its index. One thread; one writer a DEST: a second one is refused. A killed writer goes on where
/// it was: open it again with the same head. After an error the writer is of no use; open a new one.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  /// DEST is finished and has the same head: nothing is left to do, nothing may be called but this.
  virtual bool already_complete() const = 0;
  /// Records that are safe on disk (from earlier runs and commits of this one).
  virtual uint64_t committed() const = 0;
  /// Records appended, committed or not.
  virtual uint64_t size() const = 0;
  /// Where in the source to go on: behind the last committed record; 0 at the beginning.
  virtual uint64_t resume_source_position() const = 0;
  virtual void append(const PackedRecord& record) = 0;
  /// Makes what was appended safe. append() does so by itself every commit_bytes.
  virtual void commit() = 0;
  /// Commits, writes the index, syncs, renames. Throws kData where an id is missing or twice.
  virtual void finish() = 0;
};

}  // namespace penstock::io
