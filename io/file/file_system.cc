#include "io/file/file_system.h"

#include <cerrno>
#include <cstdio>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

int result(int value) { return value < 0 ? -errno : value; }

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::kFile;
  if (S_ISDIR(mode)) return FileKind::kFolder;
  return FileKind::kOther;
}

void fill(const struct stat& from, FileStat* out) {
  out->kind = kind_of(from.st_mode);
  out->bytes = static_cast<uint64_t>(from.st_size);
  out->mtime_ns = int64_t{from.st_mtim.tv_sec} * 1'000'000'000 + from.st_mtim.tv_nsec;
  out->ctime_ns = int64_t{from.st_ctim.tv_sec} * 1'000'000'000 + from.st_ctim.tv_nsec;
  out->device = from.st_dev;
  out->inode = from.st_ino;
}

const char* hint_for(int errno_value) {
  switch (errno_value) {
    case ENOENT: return "check the path";
    case EACCES:
    case EPERM: return "check the permissions of the file and of the folders above it";
    case ENOSPC:
    case EDQUOT: return "the disk or the quota is full: free some space and start again";
    case EROFS: return "the file system is read-only: choose another place";
    case EMFILE:
    case ENFILE: return "too many open files: raise `ulimit -n`";
    case ENOTDIR: return "a part of the path is a file, not a folder";
    case EISDIR: return "it is a folder, a file was expected";
    case EIO: return "the disk reports an error: see `dmesg`";
    case ENAMETOOLONG: return "the path is too long";
    case ENOTEMPTY:
    case EEXIST: return "something is there already: choose another name or move it away";
    default: return nullptr;
  }
}

}  // namespace

FileSystem& FileSystem::real() {
  static FileSystem door;
  return door;
}

int FileSystem::sys_open(const char* path, int flags, mode_t mode) {
  return result(::open(path, flags | O_CLOEXEC, mode));
}
int FileSystem::sys_close(int fd) { return result(::close(fd)); }
ssize_t FileSystem::sys_pread(int fd, void* dest, size_t bytes, uint64_t offset) {
  const ssize_t got = ::pread(fd, dest, bytes, static_cast<off_t>(offset));
  return got < 0 ? -errno : got;
}
ssize_t FileSystem::sys_pwrite(int fd, const void* from, size_t bytes, uint64_t offset) {
  const ssize_t put = ::pwrite(fd, from, bytes, static_cast<off_t>(offset));
  return put < 0 ? -errno : put;
}
int FileSystem::sys_fsync(int fd) { return result(::fsync(fd)); }
int FileSystem::sys_truncate(int fd, uint64_t bytes) { return result(::ftruncate(fd, static_cast<off_t>(bytes))); }
int FileSystem::sys_fstat(int fd, FileStat* out) {
  struct stat st;
  if (::fstat(fd, &st) != 0) return -errno;
  fill(st, out);
  return 0;
}
int FileSystem::sys_stat(const char* path, FileStat* out) {
  struct stat st;
  if (::stat(path, &st) != 0) return -errno;
  fill(st, out);
  return 0;
}
int FileSystem::sys_rename(const char* from, const char* to) { return result(::rename(from, to)); }
int FileSystem::sys_exchange(const char* a, const char* b) {
  return result(::renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
}
int FileSystem::sys_unlink(const char* path) { return result(::unlink(path)); }
int FileSystem::sys_rmdir(const char* path) { return result(::rmdir(path)); }
int FileSystem::sys_mkdir(const char* path, mode_t mode) { return result(::mkdir(path, mode)); }

int FileSystem::sys_list(const char* path, std::vector<FolderEntry>* out) {
  out->clear();
  DIR* folder = ::opendir(path);
  if (folder == nullptr) return -errno;
  int fault = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder);
    if (entry == nullptr) {
      fault = -errno;
      break;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    FileKind kind = FileKind::kOther;
    if (entry->d_type == DT_REG) {
      kind = FileKind::kFile;
    } else if (entry->d_type == DT_DIR) {
      kind = FileKind::kFolder;
    } else if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
      struct stat st;
      if (::fstatat(::dirfd(folder), entry->d_name, &st, 0) == 0) kind = kind_of(st.st_mode);
    }
    out->push_back({std::string(name), kind});
  }
  ::closedir(folder);
  return fault;
}

int FileSystem::sys_free_space(const char* path, uint64_t* bytes) {
  struct statvfs info;
  if (::statvfs(path, &info) != 0) return -errno;
  *bytes = uint64_t{info.f_bavail} * info.f_frsize;
  return 0;
}

FileStat FileSystem::stat(const std::string& path) {
  FileStat out;
  if (const int rc = sys_stat(path.c_str(), &out); rc < 0) Fault::raise("look at", path, -rc);
  return out;
}

bool FileSystem::exists(const std::string& path) {
  FileStat out;
  const int rc = sys_stat(path.c_str(), &out);
  if (rc == -ENOENT || rc == -ENOTDIR) return false;
  if (rc < 0) Fault::raise("look at", path, -rc);
  return true;
}

bool FileSystem::is_folder(const std::string& path) { return exists(path) && stat(path).kind == FileKind::kFolder; }

std::vector<FolderEntry> FileSystem::list(const std::string& path) {
  std::vector<FolderEntry> out;
  if (const int rc = sys_list(path.c_str(), &out); rc < 0) Fault::raise("list folder", path, -rc);
  return out;
}

void FileSystem::rename(const std::string& from, const std::string& to) {
  if (const int rc = sys_rename(from.c_str(), to.c_str()); rc < 0) Fault::raise("rename '" + from + "' to", to, -rc);
}

bool FileSystem::exchange(const std::string& a, const std::string& b) {
  const int rc = sys_exchange(a.c_str(), b.c_str());
  if (rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP) return false;
  if (rc < 0) Fault::raise("exchange '" + a + "' with", b, -rc);
  return true;
}

void FileSystem::unlink(const std::string& path) {
  if (const int rc = sys_unlink(path.c_str()); rc < 0) Fault::raise("remove", path, -rc);
}

void FileSystem::make_folders(const std::string& path) {
  int rc = sys_mkdir(path.c_str(), 0777);
  if (rc == -ENOENT) {
    const std::string parent = parent_of(path);
    if (parent != path) {
      make_folders(parent);
      rc = sys_mkdir(path.c_str(), 0777);
    }
  }
  if (rc == -EEXIST && is_folder(path)) return;
  if (rc < 0) Fault::raise("make folder", path, -rc);
}

void FileSystem::remove_all(const std::string& path) {
  const int rc = sys_unlink(path.c_str());
  if (rc == 0 || rc == -ENOENT) return;
  if (rc != -EISDIR && rc != -EPERM) Fault::raise("remove", path, -rc);
  for (const FolderEntry& entry : list(path)) remove_all(join_path(path, entry.name));
  if (const int gone = sys_rmdir(path.c_str()); gone < 0 && gone != -ENOENT) Fault::raise("remove folder", path, -gone);
}

void FileSystem::sync_folder(const std::string& folder) {
  const int fd = sys_open(folder.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) Fault::raise("open folder", folder, -fd);
  const int rc = sys_fsync(fd);
  sys_close(fd);
  if (rc < 0) Fault::raise("sync folder", folder, -rc);
}

uint64_t FileSystem::free_space(const std::string& path) {
  uint64_t bytes = 0;
  if (const int rc = sys_free_space(path.c_str(), &bytes); rc < 0) Fault::raise("ask for the free space of", path, -rc);
  return bytes;
}

void Fault::raise(const std::string& verb, const std::string& path, int errno_value) {
  Error error = errno_error(Code::kIo, "cannot " + verb + " '" + path + "'", errno_value);
  if (const char* hint = hint_for(errno_value)) error.hint(hint);
  throw error;
}

std::string parent_of(const std::string& path) {
  size_t end = path.size();
  while (end > 1 && path[end - 1] == '/') --end;
  const size_t slash = path.rfind('/', end - 1);
  if (end == 0 || slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name(const std::string& path) {
  size_t end = path.size();
  while (end > 1 && path[end - 1] == '/') --end;
  const size_t slash = path.substr(0, end).rfind('/');
  return slash == std::string::npos || end == 1 ? path.substr(0, end) : path.substr(slash + 1, end - slash - 1);
}

std::string join_path(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

}  // namespace penstock::io
