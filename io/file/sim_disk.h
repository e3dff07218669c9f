// A hard disk that takes no time: real files, read through a model of head and platter, with faults on demand.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

/// Passes calls on to the real files and says how long a hard disk would have taken for the reads, on a clock of its own: a read that begins where the last
/// one ended costs its bytes, one that begins a little further the bytes between as well where that is cheaper, any other a positioning. Files lie one behind the other
/// in the order in which they were first opened. Only reads of files whose path ends in `on` count, and only they get faults. Thread-safe; the head
/// serves reads as they come.
class SimDisk final : public FileSystem {
 public:
  struct Model {
    double bytes_per_second = 200e6;
    double positioning_seconds = 0.0116;
  };
  struct Use {
    uint64_t reads = 0;
    uint64_t bytes = 0;
    uint64_t positionings = 0;
    double seconds = 0;  ///< the fake clock
  };
  SimDisk(Model model, std::string on) : model_(model), on_(std::move(on)) {}

  Use use() const;
  /// Counts and clock back to 0; the head stays.
  void reset();

  /// Every n-th read, counted from now; 0: none.
  enum class Every : uint8_t {
    kFails,   ///< -EIO
    kShort,   ///< half of the bytes
    kStalls,  ///< 3 s more on the clock
    kWrong,   ///< one bit of the bytes is another
  };
  void every(uint64_t n, Every does);
  /// The sector that holds this byte gives wrong bytes whenever it is read.
  void corrupt(const std::string& path_part, uint64_t offset);
  /// The disk is gone: every read fails from now on, and nothing can be opened. `back`: it is there again.
  void vanish(bool back = false);

  int sys_open(const char* path, int flags, mode_t mode) override;
  int sys_close(int fd) override;
  ssize_t sys_pread(int fd, void* dest, size_t bytes, uint64_t offset) override;
  bool passes_through() const override { return false; }

 private:
  static constexpr uint64_t kSector = 512;
  static constexpr double kStall = 3;

  double cost_of(uint64_t at, uint64_t bytes);

  const Model model_;
  const std::string on_;
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t> begins_;                   ///< where each file lies on the disk
  std::map<int, std::pair<std::string, uint64_t>> open_;     ///< path and begin of what counts
  std::vector<std::pair<std::string, uint64_t>> corrupted_;  ///< part of a path, sector
  uint64_t end_ = 0, head_ = 0;
  Use use_;
  uint64_t n_ = 0, counted_ = 0;
  Every does_ = Every::kFails;
  bool gone_ = false;
};

}  // namespace penstock::io
