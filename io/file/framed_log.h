// An append-only log of framed records that survives a torn tail: the ledger lies in one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/file/append_file.h"

namespace penstock::io {

/// On disk: an 16-byte header ("PENSTOCK", u32 kind, u32 version = 1), then frames: u32 length, u32 ~length, u64 XXH3 of the payload, payload.
/// Numbers are little-endian. `kind` is the caller's, so that one log is not read as another.
struct FramedLogHeader {
  char magic[8] = {'P', 'E', 'N', 'S', 'T', 'O', 'C', 'K'};
  uint32_t kind = 0;
  uint32_t version = 1;
};

/// Reads frames in order; stops at the end or at the first frame that is not whole. One thread.
class FramedLogReader {
 public:
  /// Throws kIo when it cannot be opened, kData when it is not a log of this kind. A file shorter than the header, or one whose header is zeros (a power cut
  /// before it was synced), is an empty log.
  FramedLogReader(FileSystem& fs, const std::string& path, uint32_t kind);

  /// The next payload, good until the next call; nothing at the end of what is whole.
  std::optional<std::span<const std::byte>> next();
  /// The offset behind the last whole frame that next() gave: where the log can be cut back to and go on.
  uint64_t offset() const { return offset_; }
  /// After next() gave nothing: bytes behind offset() that are no whole frame. 0 in a log that was closed well.
  uint64_t torn_bytes() const { return size_ - offset_; }

 private:
  File file_;
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
  std::vector<std::byte> payload_;
};

/// Appends frames. Opening cuts a torn tail off. One thread. Faults as in AppendFile.
class FramedLogWriter {
 public:
  FramedLogWriter(FileSystem& fs, const std::string& path, uint32_t kind);

  /// Gives the offset behind the frame.
  uint64_t append(std::span<const std::byte> payload);
  void flush() { file_.flush(); }
  void sync() { file_.sync(); }
  /// Behind the last frame.
  uint64_t offset() const { return file_.size(); }
  /// Drops the frames behind `offset`, which must be one that offset() or append() gave (a checkpoint stored it); kData when the log is shorter.
  void cut_back(uint64_t offset);
  /// Bytes of a torn tail that opening dropped.
  uint64_t dropped_bytes() const { return dropped_bytes_; }

 private:
  AppendFile file_;
  uint64_t dropped_bytes_ = 0;
};

}  // namespace penstock::io
