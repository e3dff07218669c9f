// Records in an HDF5 file as Penstock writes them: bytes one after the other, and where each begins.
//
//   bytes         u8  (total)     the encoded records in storage order
//   offsets       u64 (N + 1)     record at place i is bytes[offsets[i] : offsets[i + 1]]
//   label         i32 (N)         -1 where it is not known
//   id            u64 (N)         of the record at place i; each of 0 .. N - 1 once
//   checksum      u64 (N)         XXH3-64 of the record's bytes
//   verified      u8  (N)         1: decoded in full without fault when it was packed
//   names         u8  (any), name_offsets u64 (N + 1)
//   sums          u64 (1)         XXH3-64 of all of these but the bytes, record by record (RecordSums)
//   head          one string      JSON (PackHead)
//
// All but `head` are contiguous, so that records are extents of the file; numbers are little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/data/lmdb_format.h"
#include "io/file/checksum.h"

namespace penstock::io {

/// One of the data sets above.
struct Hdf5Part {
  uint64_t offset = 0;  ///< in the file; undefined where there are no elements
  uint64_t elements = 0;
};

/// Where everything lies.
struct Hdf5Layout {
  enum Part { kBytes, kOffsets, kLabel, kId, kChecksum, kVerified, kNames, kNameOffsets, kSums, kParts };
  std::array<Hdf5Part, kParts> parts;
  PackHead head;
  uint64_t records() const { return parts[kId].elements; }
};

/// Name and bytes of an element.
struct Hdf5PartKind {
  const char* name;
  uint64_t element_bytes;
};
const Hdf5PartKind& kind_of(Hdf5Layout::Part part);

/// Of what stands beside the bytes, in storage order.
class RecordSums {
 public:
  void add(uint64_t length, int32_t label, uint64_t id, uint64_t checksum, bool verified, std::string_view name) {
    sum_.add(length)
        .add(static_cast<uint64_t>(label))
        .add(id)
        .add(checksum)
        .add(uint64_t{verified})
        .add(name.size())
        .add(name);
  }
  uint64_t value() const { return sum_.value(); }

 private:
  Checksum sum_;
};

/// Makes the file `path` (past the FileSystem) with room for everything, and gives the places to write to. Throws kIo.
Hdf5Layout make_hdf5_layout(const std::string& path, const PackHead& head, uint64_t records, uint64_t bytes,
                            uint64_t name_bytes);
/// What is in the file `path`. Throws kData, naming file and data set, where it is no HDF5, cut short, lacks a data set, or one has another
/// type, length or place than it must have.
Hdf5Layout read_hdf5_layout(const std::string& path, uint64_t file_bytes);
/// Whether `path` is HDF5 with data sets that only ours have, as opposed to other people's arrays. False for anything else.
bool is_hdf5_layout(const std::string& path);

}  // namespace penstock::io
