// From an LMDB's tree to a record index, so that reads need no B-tree.
#pragma once

#include <string>

#include "io/data/lmdb_file.h"
#include "io/data/lmdb_format.h"
#include "io/file/file.h"
#include "io/index/record_index.h"

namespace penstock::io {

constexpr const char* kLmdbIndexFile = "penstock.index";  ///< in the LMDB's folder

/// Walks the tree and writes the index as the file `path`, which appears whole or not at all: of an LMDB that Penstock packed (head, chunks); of
/// encoded pictures by another program (label -1, name = key); or of Caffe Datums with encoded pictures, whose bytes and labels are taken from inside
/// the values. Bounded memory. Throws kData where the database is damaged, its values are none of these, or its records have other fields than pictures have.
void make_lmdb_index(const LmdbFile& lmdb, FileSystem& fs, const std::string& path);

/// Whether `index` speaks of the database as it is now. One that Penstock packed may be copied together with its index: its change time says nothing, and
/// its records have checksums. Another's must have its change time too, since a remade one often agrees in all else.
bool is_current(const RecordIndex& index, const LmdbFile& lmdb);

}  // namespace penstock::io
