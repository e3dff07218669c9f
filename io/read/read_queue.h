// The queue of reads of one disk: submitted in the order of a plan, done by whoever can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/file/file_system.h"
#include "io/read/disk.h"

namespace penstock::io {

/// What is read: a file that is open for as long as anyone reads it. O_DIRECT where the file system allows it.
class ReadFile {
 public:
  /// Throws penstock::Error(kIo). `direct`: without the page cache where that is possible; where not, pages are dropped after they were read.
  ReadFile(FileSystem& fs, std::string path, bool direct);
  ~ReadFile();
  ReadFile(const ReadFile&) = delete;
  ReadFile& operator=(const ReadFile&) = delete;

  int fd() const { return fd_; }
  bool is_direct() const { return direct_; }
  uint64_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  FileSystem& fs_;
  std::string path_;
  int fd_ = -1;
  bool direct_ = false;
  uint64_t bytes_ = 0;
};

/// One read. Offset, bytes and dest are multiples of kAlignment (it may reach behind the file's end).
struct QueuedRead {
  static constexpr uint64_t kAlignment = 4096;
  std::shared_ptr<const ReadFile> file;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::byte* dest = nullptr;
  /// Called once on a thread of the queue: the bytes read (fewer only where the file ends), or -errno. Must be quick and must not throw.
  std::function<void(int64_t result)> done;
};

/// Keeps up to `depth` reads of one disk in flight, begun in the order of submit(). io_uring on one thread of its own, no thread a request;
/// pread on one thread where a ring is refused or the door wants to see each call. Thread-safe.
class ReadQueue {
 public:
  struct Use {
    uint64_t reads = 0, bytes = 0;
    double busy_seconds = 0;  ///< at least one was in flight
  };

  virtual ~ReadQueue() = default;
  virtual void submit(QueuedRead read) = 0;
  /// Reads that were not begun are done with -ECANCELED; returns when none is in flight. Later ones are cancelled at once.
  virtual void stop() noexcept = 0;
  /// Reads submitted and not yet done.
  virtual size_t pending() const = 0;
  virtual Use use() const = 0;
  /// How it works, for people: "io_uring, 8 in flight, O_DIRECT, registered buffers", and after a fallback the reason of it.
  virtual std::string how() const = 0;
  /// Tells it of a block of memory that many reads go to, so that the kernel need not map it for each (registered buffers). May do nothing.
  /// Call forget() before the block is freed, with no read to it in flight.
  virtual void lend(std::byte*, uint64_t) {}
  virtual void forget(std::byte*) {}
};

std::unique_ptr<ReadQueue> make_read_queue(FileSystem& fs, unsigned depth, bool use_uring = true);

}  // namespace penstock::io
