// A log that grows at its end and can be cut back to a byte: metrics.jsonl, quarantine.jsonl, and the ledger's frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/file.h"

namespace penstock::io {

/// Appends to one file (made when missing). Only one AtomicFile or AppendFile may write a path at a time. One thread.
/// A checkpoint calls sync() and stores size(); a resumed run opens the file and calls truncate() with what it stored, so that lines
/// written after the checkpoint do not appear twice. Faults are penstock::Error(kIo). After a failed flush or sync every
/// later call fails: what the disk holds is then unknown until the file is opened anew and cut back.
class AppendFile {
 public:
  /// Opens at the end of what is there.
  AppendFile(FileSystem& fs, std::string path);
  /// Flushes what it can, silently; call flush() or sync() to hear of faults.
  ~AppendFile();
  AppendFile(AppendFile&&) noexcept = default;
  AppendFile& operator=(AppendFile&&) = delete;

  void append(std::span<const std::byte> bytes);
  void append(std::string_view text) { append(bytes_of(text)); }
  /// Hands what is buffered to the system: it outlives a killed program.
  void flush();
  /// flush(), then fsync of the file and (the first time) of its folder: it outlives a power cut.
  void sync();
  /// Bytes, what is buffered included.
  uint64_t size() const { return flushed_ + buffer_.size(); }
  /// Cuts the file back to `bytes`. An Error(kData) when it is shorter than that: then lines that a checkpoint counted on are lost.
  void truncate(uint64_t bytes);
  const std::string& path() const { return file_.path(); }
  /// Reads back; what is buffered is not seen before flush().
  const File& file() const { return file_; }

 private:
  void check_usable() const;

  FileSystem* fs_;
  File file_;
  std::vector<std::byte> buffer_;
  uint64_t flushed_ = 0;
  bool folder_synced_ = false;
  bool broken_ = false;
};

}  // namespace penstock::io
