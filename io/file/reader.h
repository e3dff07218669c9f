// Many reads at once: io_uring where the kernel allows it, pread where not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

/// One read. `result` is set by ReadEngine::read: the bytes read (fewer than `bytes` only where the file ends), or -errno.
struct ReadRequest {
  int fd = -1;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::byte* dest = nullptr;
  int64_t result = 0;
};

/// Does reads. One thread at a time (see ReadEngines); buffers are borrowed during read() alone.
class ReadEngine {
 public:
  virtual ~ReadEngine() = default;
  /// Returns when all are done; a fault of one read is its `result` and stops no other. Short reads and EINTR are continued.
  /// Throws penstock::Error(kIo) only where the engine itself fails; no read is in flight then.
  virtual void read(std::span<ReadRequest> requests) = 0;
  /// "io_uring" or "pread".
  virtual std::string_view name() const = 0;
};

enum class ReadBackend { kBest, kPread };

/// kBest: io_uring with `depth` reads in flight; pread where io_uring_queue_init is refused (seccomp, old kernels, locked-memory
/// limits) or where `fs` wants to see each call. Never throws for the lack of io_uring. `fs` must outlive it.
std::unique_ptr<ReadEngine> make_read_engine(FileSystem& fs, unsigned depth = 32,
                                             ReadBackend backend = ReadBackend::kBest);

/// Engines for any number of threads: each borrows one for the time of a call. Makes as many as are in use at once. Thread-safe.
class ReadEngines {
 public:
  explicit ReadEngines(FileSystem& fs, unsigned depth = 32, ReadBackend backend = ReadBackend::kBest)
      : fs_(fs), depth_(depth), backend_(backend) {}

  void read(std::span<ReadRequest> requests);
  /// Of the engine that a call gets.
  std::string_view name();

 private:
  std::unique_ptr<ReadEngine> borrow();
  void give_back(std::unique_ptr<ReadEngine> engine);

  FileSystem& fs_;
  const unsigned depth_;
  const ReadBackend backend_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<ReadEngine>> idle_;
};

}  // namespace penstock::io
