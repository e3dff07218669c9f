// The text of a compressed file, beside the cache.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "io/file/file_system.h"

namespace penstock::io {

/// Whether the path ends in ".gz" or ".zst".
bool is_packed_text(const std::string& path);

/// Where the text of `path` goes that can be read at any place, which gzip and zstd cannot: a file in `cache_folder` whose name tells its source's place, length and change time, so
/// that a source that changed has another. Throws Error kUsage where `cache_folder` is "". Nothing is written.
std::string unpacked_place(FileSystem& fs, const std::string& path, const std::string& cache_folder);

/// Writes it, whole or not at all, and removes those of earlier versions of `path`. Gzip of several members and zstd of several frames are one text. Throws Error kData where the file is damaged or cut
/// short, kIo. `told`: bytes of `path` done. Gives the bytes written.
uint64_t unpack_text(FileSystem& fs, const std::string& path, const std::string& place,
                     const std::function<void(uint64_t)>& told);

}  // namespace penstock::io
