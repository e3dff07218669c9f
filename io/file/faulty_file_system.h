// The door for files with faults behind it, by plan: for tests and for `tests/configs` that run in a hostile world.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

/// The calls that a fault can hit.
enum class FileOp : uint8_t {
  kAny,
  kOpen,
  kRead,
  kWrite,
  kSync,
  kTruncate,
  kStat,
  kRename,
  kRemove,
  kMakeFolder,
  kList,
  kFreeSpace,
  kClose
};

/// One planned fault: the `nth` call (from 1) of that kind on a path that contains `path_part`, and the `times - 1` after it.
struct PlannedFault {
  enum class Does : uint8_t {
    kFail,   ///< returns -errno_value and does nothing
    kShort,  ///< a read or write moves half of the bytes (at least one)
    kCrash,  ///< the program is dead from here on: this call and all later ones do nothing and return -EIO, and bytes that were not
    ///< synced before are gone (files are cut back to what was synced; names stay)
    kCrashTorn,  ///< likewise, but of what was not synced the first page is lost (zeros) and the rest is there: pages reach a disk in any order
  };
  FileOp op = FileOp::kAny;
  uint64_t nth = 1;
  Does does = Does::kFail;
  int errno_value = 5;  ///< EIO
  std::string path_part = {};
  uint64_t times = 1;
};

/// Passes calls on to the real files, with the faults of the plan. Thread-safe.
class FaultyFileSystem final : public FileSystem {
 public:
  explicit FaultyFileSystem(std::vector<PlannedFault> plan = {});

  /// Replaces the plan and starts counting anew; a crashed world stays crashed.
  void plan(std::vector<PlannedFault> faults);
  /// Calls so far (those after a crash are not counted): the N of "crash at each of N operations".
  uint64_t operations() const;
  bool crashed() const;
  /// What free space is said to be; by default the truth.
  void set_free_space(uint64_t bytes);

  int sys_open(const char* path, int flags, mode_t mode) override;
  int sys_close(int fd) override;
  ssize_t sys_pread(int fd, void* dest, size_t bytes, uint64_t offset) override;
  ssize_t sys_pwrite(int fd, const void* from, size_t bytes, uint64_t offset) override;
  int sys_fsync(int fd) override;
  int sys_truncate(int fd, uint64_t bytes) override;
  int sys_fstat(int fd, FileStat* out) override;
  int sys_stat(const char* path, FileStat* out) override;
  int sys_rename(const char* from, const char* to) override;
  int sys_exchange(const char* a, const char* b) override;
  int sys_unlink(const char* path) override;
  int sys_rmdir(const char* path) override;
  int sys_mkdir(const char* path, mode_t mode) override;
  int sys_list(const char* path, std::vector<FolderEntry>* out) override;
  int sys_free_space(const char* path, uint64_t* bytes) override;
  bool passes_through() const override { return false; }

 private:
  struct Armed {
    PlannedFault fault;
    uint64_t seen = 0;
  };
  struct Open {
    std::string path;
    uint64_t synced_bytes = 0;
    bool written = false;
  };
  struct Verdict {
    int fault = 0;  ///< -errno, or 0
    bool is_short = false;
  };

  Verdict judge(FileOp op, const std::string& path);
  Verdict judge(FileOp op, int fd);
  void crash(bool torn);

  mutable std::mutex mutex_;
  std::vector<Armed> plan_;
  std::map<int, Open> open_;
  std::map<std::string, uint64_t> unsynced_;  ///< closed before it was synced: path -> synced bytes
  uint64_t operations_ = 0;
  bool crashed_ = false;
  bool has_free_space_ = false;
  uint64_t free_space_ = 0;
};

}  // namespace penstock::io
