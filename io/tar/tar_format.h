// Tar, header by header: ustar, GNU long names and sizes, pax, old v7.
// POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Basic Tar Format".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "io/file/file.h"

namespace penstock::io {

constexpr uint64_t kTarBlock = 512;

/// One member that holds data: a regular file.
struct TarMember {
  std::string name;
  uint64_t offset = 0;  ///< of its data in the file
  uint64_t bytes = 0;
};

/// How a walk ended.
struct TarEnd {
  bool closed = false;  ///< the two blocks of zeros were there
  uint64_t offset = 0;  ///< behind the last whole member
  uint64_t links = 0;   ///< members that were passed over: hard and symbolic links ...
  uint64_t sparse = 0;  ///< ... and files with holes
};

/// Reads the headers of `file` from `begin` up to `end` (a tar inside a tar, or the whole file) and calls `each` for every regular file in order; folders, links
/// and devices are passed over. Only headers are read. Throws kData with member and offset where a header's checksum is wrong, a member reaches past the
/// end, or a name is absolute or leads out of the archive ("..").
TarEnd walk_tar(const File& file, uint64_t begin, uint64_t end, const std::function<void(const TarMember&)>& each);

/// The header block of a regular file, with a pax header before it where the name (over 100 bytes) or the size (8 GiB and more) needs one: whole blocks, the data follows.
std::string tar_header(const std::string& name, uint64_t bytes);
/// Bytes of data with their padding.
constexpr uint64_t tar_padded(uint64_t bytes) { return (bytes + kTarBlock - 1) / kTarBlock * kTarBlock; }

/// Whether the first block of a file is a tar header.
bool looks_like_tar(std::span<const std::byte> block);

}  // namespace penstock::io
