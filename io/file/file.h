// An open file: whole reads and writes, errors that name the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/file/file_system.h"

namespace penstock::io {

enum class OpenMode {
  kRead,          ///< must exist
  kCreate,        ///< made, or emptied when it is there; read and write
  kCreateNew,     ///< made; an error when it is there; read and write
  kUpdate,        ///< must exist; read and write
  kOpenOrCreate,  ///< made when missing, kept when it is there; read and write
};

/// Owns one descriptor. Moves, does not copy. Reads may come from many threads at once; writes from one.
/// Every function throws penstock::Error(kIo) with path, cause and hint. `fs` must outlive the file.
class File {
 public:
  File() = default;
  File(FileSystem& fs, std::string path, OpenMode mode);
  File(File&& other) noexcept { *this = std::move(other); }
  File& operator=(File&& other) noexcept;
  ~File();

  /// Reads until `dest` is full or the file ends; gives the bytes read.
  size_t read_at(uint64_t offset, std::span<std::byte> dest) const;
  /// Reads exactly dest.size() bytes; a file that ends before is an error.
  void read_exactly(uint64_t offset, std::span<std::byte> dest) const;
  /// Writes all of `from`. On an error some of it may be in the file.
  void write_at(uint64_t offset, std::span<const std::byte> from);
  /// Makes what was written last through a power cut. A failure is final: the file must not be synced again (the kernel may have dropped the pages).
  void sync();
  void truncate(uint64_t bytes);
  uint64_t size() const;
  FileStat stat() const;
  /// Closes and reports what close says; the destructor closes silently.
  void close();

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  /// Of a file that is open.
  FileSystem& file_system() const { return *fs_; }
  const std::string& path() const { return path_; }

 private:
  FileSystem* fs_ = nullptr;
  int fd_ = -1;
  std::string path_;
};

/// The whole file. Throws kData when it is larger than `limit_bytes`.
std::string read_file(FileSystem& fs, const std::string& path, uint64_t limit_bytes = uint64_t{1} << 32);

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace penstock::io
