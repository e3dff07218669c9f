#include "io/file/faulty_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace penstock::io {

FaultyFileSystem::FaultyFileSystem(std::vector<PlannedFault> faults) { plan(std::move(faults)); }

void FaultyFileSystem::plan(std::vector<PlannedFault> faults) {
  const std::lock_guard lock(mutex_);
  plan_.clear();
  for (PlannedFault& fault : faults) plan_.push_back({std::move(fault)});
}

uint64_t FaultyFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

bool FaultyFileSystem::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

void FaultyFileSystem::set_free_space(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  has_free_space_ = true;
  free_space_ = bytes;
}

FaultyFileSystem::Verdict FaultyFileSystem::judge(FileOp op, const std::string& path) {
  if (crashed_) return {-EIO};
  ++operations_;
  Verdict verdict;
  for (Armed& armed : plan_) {
    const PlannedFault& fault = armed.fault;
    if (fault.op != FileOp::kAny && fault.op != op) continue;
    if (path.find(fault.path_part) == std::string::npos) continue;
    ++armed.seen;
    if (armed.seen < fault.nth || armed.seen >= fault.nth + fault.times) continue;
    switch (fault.does) {
      case PlannedFault::Does::kFail: verdict.fault = -fault.errno_value; break;
      case PlannedFault::Does::kShort: verdict.is_short = true; break;
      case PlannedFault::Does::kCrash: crash(false); return {-EIO};
      case PlannedFault::Does::kCrashTorn: crash(true); return {-EIO};
    }
  }
  return verdict;
}

FaultyFileSystem::Verdict FaultyFileSystem::judge(FileOp op, int fd) {
  const auto found = open_.find(fd);
  return judge(op, found == open_.end() ? std::string() : found->second.path);
}

void FaultyFileSystem::crash(bool torn) {
  crashed_ = true;
  const auto lose = [&](int fd, uint64_t synced) {
    FileStat stat;
    if (torn && FileSystem::sys_fstat(fd, &stat) == 0 && stat.bytes > synced) {
      const std::vector<std::byte> zeros(std::min<uint64_t>(4096 - synced % 4096, stat.bytes - synced));
      FileSystem::sys_pwrite(fd, zeros.data(), zeros.size(), synced);
    } else {
      FileSystem::sys_truncate(fd, synced);
    }
  };
  for (const auto& [fd, file] : open_) {
    if (file.written) lose(fd, file.synced_bytes);
  }
  for (const auto& [path, bytes] : unsynced_) {
    const int fd = FileSystem::sys_open(path.c_str(), O_WRONLY, 0);
    if (fd < 0) continue;
    lose(fd, bytes);
    FileSystem::sys_close(fd);
  }
}

int FaultyFileSystem::sys_open(const char* path, int flags, mode_t mode) {
  const std::lock_guard lock(mutex_);
  if (const Verdict verdict = judge(FileOp::kOpen, std::string(path)); verdict.fault != 0) return verdict.fault;
  const int fd = FileSystem::sys_open(path, flags, mode);
  if (fd < 0) return fd;
  Open file{path};
  FileStat stat;
  if (FileSystem::sys_fstat(fd, &stat) == 0) file.synced_bytes = stat.bytes;
  if (const auto found = unsynced_.find(path); found != unsynced_.end()) {
    file.synced_bytes = std::min(file.synced_bytes, found->second);
    file.written = true;
    unsynced_.erase(found);
  }
  open_[fd] = std::move(file);
  return fd;
}

int FaultyFileSystem::sys_close(int fd) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kClose, fd);
  const auto found = open_.find(fd);
  if (found != open_.end()) {
    if (found->second.written && !crashed_) unsynced_[found->second.path] = found->second.synced_bytes;
    open_.erase(found);
  }
  const int rc = FileSystem::sys_close(fd);
  return verdict.fault != 0 ? verdict.fault : rc;
}

ssize_t FaultyFileSystem::sys_pread(int fd, void* dest, size_t bytes, uint64_t offset) {
  bool is_short = false;
  {
    const std::lock_guard lock(mutex_);
    const Verdict verdict = judge(FileOp::kRead, fd);
    if (verdict.fault != 0) return verdict.fault;
    is_short = verdict.is_short;
  }
  return FileSystem::sys_pread(fd, dest, is_short ? std::max<size_t>(1, bytes / 2) : bytes, offset);
}

ssize_t FaultyFileSystem::sys_pwrite(int fd, const void* from, size_t bytes, uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kWrite, fd);
  if (verdict.fault != 0) return verdict.fault;
  open_[fd].written = true;
  return FileSystem::sys_pwrite(fd, from, verdict.is_short ? std::max<size_t>(1, bytes / 2) : bytes, offset);
}

int FaultyFileSystem::sys_fsync(int fd) {
  const std::lock_guard lock(mutex_);
  if (const Verdict verdict = judge(FileOp::kSync, fd); verdict.fault != 0) return verdict.fault;
  const int rc = FileSystem::sys_fsync(fd);
  FileStat stat;
  if (rc == 0 && FileSystem::sys_fstat(fd, &stat) == 0) {
    open_[fd].synced_bytes = stat.bytes;
    open_[fd].written = false;
  }
  return rc;
}

int FaultyFileSystem::sys_truncate(int fd, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (const Verdict verdict = judge(FileOp::kTruncate, fd); verdict.fault != 0) return verdict.fault;
  Open& file = open_[fd];
  file.synced_bytes = std::min(file.synced_bytes, bytes);
  return FileSystem::sys_truncate(fd, bytes);
}

int FaultyFileSystem::sys_fstat(int fd, FileStat* out) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kStat, fd);
  return verdict.fault != 0 ? verdict.fault : FileSystem::sys_fstat(fd, out);
}

int FaultyFileSystem::sys_stat(const char* path, FileStat* out) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kStat, std::string(path));
  return verdict.fault != 0 ? verdict.fault : FileSystem::sys_stat(path, out);
}

int FaultyFileSystem::sys_rename(const char* from, const char* to) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kRename, std::string(to));
  if (verdict.fault != 0) return verdict.fault;
  const int rc = FileSystem::sys_rename(from, to);
  if (rc != 0) return rc;
  if (const auto found = unsynced_.find(from); found != unsynced_.end()) {
    unsynced_[to] = found->second;
    unsynced_.erase(from);
  }
  return 0;
}

int FaultyFileSystem::sys_exchange(const char* a, const char* b) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kRename, std::string(b));
  return verdict.fault != 0 ? verdict.fault : FileSystem::sys_exchange(a, b);
}

int FaultyFileSystem::sys_unlink(const char* path) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kRemove, std::string(path));
  if (verdict.fault != 0) return verdict.fault;
  unsynced_.erase(path);
  return FileSystem::sys_unlink(path);
}

int FaultyFileSystem::sys_rmdir(const char* path) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kRemove, std::string(path));
  return verdict.fault != 0 ? verdict.fault : FileSystem::sys_rmdir(path);
}

int FaultyFileSystem::sys_mkdir(const char* path, mode_t mode) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kMakeFolder, std::string(path));
  return verdict.fault != 0 ? verdict.fault : FileSystem::sys_mkdir(path, mode);
}

int FaultyFileSystem::sys_list(const char* path, std::vector<FolderEntry>* out) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kList, std::string(path));
  return verdict.fault != 0 ? verdict.fault : FileSystem::sys_list(path, out);
}

int FaultyFileSystem::sys_free_space(const char* path, uint64_t* bytes) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = judge(FileOp::kFreeSpace, std::string(path));
  if (verdict.fault != 0) return verdict.fault;
  if (has_free_space_) {
    *bytes = free_space_;
    return 0;
  }
  return FileSystem::sys_free_space(path, bytes);
}

}  // namespace penstock::io
