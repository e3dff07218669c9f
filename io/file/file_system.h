// The one door for files: everything in io/ that touches a disk goes through FileSystem, so that tests can inject faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/types.h>

namespace penstock::io {

/// What a path is.
enum class FileKind : uint8_t { kFile, kFolder, kOther };

/// The facts of a path that Penstock uses.
struct FileStat {
  FileKind kind = FileKind::kOther;
  uint64_t bytes = 0;
  int64_t mtime_ns = 0;  ///< last change, nanoseconds since 1970 (of a folder: an entry was added, renamed or removed)
  int64_t ctime_ns = 0;  ///< last change of bytes or of anything else about it: no program can set it back
  uint64_t device = 0;
  uint64_t inode = 0;
};

/// One entry of a folder; symbolic links are followed.
struct FolderEntry {
  std::string name;
  FileKind kind = FileKind::kOther;
};

/// The system calls of files, one virtual function each. Every `sys_*` returns what the call returns, or -errno; none throws, none
/// retries (File does: short transfers and EINTR). Thread-safe as the system calls are. The functions without `sys_` throw
/// penstock::Error(kIo) that names the path, the cause and what to do.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// The machine's files. Stateless.
  static FileSystem& real();

  virtual int sys_open(const char* path, int flags, mode_t mode);
  virtual int sys_close(int fd);
  virtual ssize_t sys_pread(int fd, void* dest, size_t bytes, uint64_t offset);
  virtual ssize_t sys_pwrite(int fd, const void* from, size_t bytes, uint64_t offset);
  virtual int sys_fsync(int fd);
  virtual int sys_truncate(int fd, uint64_t bytes);
  virtual int sys_fstat(int fd, FileStat* out);
  virtual int sys_stat(const char* path, FileStat* out);
  virtual int sys_rename(const char* from, const char* to);
  /// Swaps two names in one step; -EINVAL, -ENOSYS where the file system cannot.
  virtual int sys_exchange(const char* a, const char* b);
  virtual int sys_unlink(const char* path);
  virtual int sys_rmdir(const char* path);
  virtual int sys_mkdir(const char* path, mode_t mode);
  virtual int sys_list(const char* path, std::vector<FolderEntry>* out);
  virtual int sys_free_space(const char* path, uint64_t* bytes);
  /// True when a descriptor may be handed to io_uring, LMDB or HDF5 past this door.
  virtual bool passes_through() const { return true; }

  /// Throws when `path` is missing.
  FileStat stat(const std::string& path);
  /// False when it is missing; throws on other faults (unreadable parent, ...).
  bool exists(const std::string& path);
  bool is_folder(const std::string& path);
  /// Without "." and "..", in no order.
  std::vector<FolderEntry> list(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  /// Swaps two paths, files or folders, in one step. False, and nothing done, where the file system cannot.
  bool exchange(const std::string& a, const std::string& b);
  void unlink(const std::string& path);
  /// Makes the folder and those above it; nothing happens when it is there.
  void make_folders(const std::string& path);
  /// Removes a file, or a folder with all that is in it. Links are not followed. Nothing happens when it is missing.
  void remove_all(const std::string& path);
  /// Makes renames and new names in `folder` last through a power cut. A failure is final: never call it again for the same change.
  void sync_folder(const std::string& folder);
  uint64_t free_space(const std::string& path);
};

/// The error of a failed call on a path: "cannot <verb> '<path>': <errno text>" with a hint for the usual causes. code is kIo.
class Fault {
 public:
  /// Throws it.
  [[noreturn]] static void raise(const std::string& verb, const std::string& path, int errno_value);
};

/// The folder that holds `path` ("." when there is none named), and its last part.
std::string parent_of(const std::string& path);
std::string base_name(const std::string& path);
/// "a/b" from "a" and "b", whether or not `folder` ends in '/'.
std::string join_path(const std::string& folder, const std::string& name);

}  // namespace penstock::io
