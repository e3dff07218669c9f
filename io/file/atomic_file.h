// A file that appears complete or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/file.h"

namespace penstock::io {

/// Writes `path` under the name `path` + ".tmp" in the same folder and gives it its name in commit(): write, fsync, rename, fsync of the folder.
/// Until then what was at `path` stays as it was; without commit() the temporary file is removed. A temporary file that a killed program
/// left behind is overwritten by the next one. One writer of a path at a time. One thread. Faults are penstock::Error(kIo);
/// after one the file is never published and a failed fsync is not tried again: start with a new AtomicFile.
class AtomicFile {
 public:
  AtomicFile(FileSystem& fs, std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends (buffered).
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(bytes_of(text)); }
  /// Overwrites bytes that were written before: for a header that is known last.
  void write_at(uint64_t offset, std::span<const std::byte> bytes);
  /// Bytes written so far.
  uint64_t size() const { return flushed_ + buffer_.size(); }
  /// Publishes. Once.
  void commit();
  const std::string& path() const { return path_; }

 private:
  void flush();

  FileSystem& fs_;
  std::string path_;
  std::string temporary_;
  File file_;
  std::vector<std::byte> buffer_;
  uint64_t flushed_ = 0;
  bool renamed_ = false;
  bool finished_ = false;
};

/// Writes all of `bytes` as the file `path`, atomically.
void write_file(FileSystem& fs, const std::string& path, std::span<const std::byte> bytes);
void write_file(FileSystem& fs, const std::string& path, std::string_view text);

}  // namespace penstock::io
