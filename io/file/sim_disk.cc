#include "io/file/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>

namespace penstock::io {

SimDisk::Use SimDisk::use() const {
  const std::lock_guard lock(mutex_);
  return use_;
}

void SimDisk::reset() {
  const std::lock_guard lock(mutex_);
  use_ = {};
}

void SimDisk::every(uint64_t n, Every does) {
  const std::lock_guard lock(mutex_);
  n_ = n;
  counted_ = 0;
  does_ = does;
}

void SimDisk::corrupt(const std::string& path_part, uint64_t offset) {
  const std::lock_guard lock(mutex_);
  corrupted_.emplace_back(path_part, offset / kSector);
}

void SimDisk::vanish(bool back) {
  const std::lock_guard lock(mutex_);
  gone_ = !back;
}

int SimDisk::sys_open(const char* path, int flags, mode_t mode) {
  const bool counts = std::string_view(path).ends_with(on_);
  {
    const std::lock_guard lock(mutex_);
    if (counts && gone_) return -EIO;
  }
  const int fd = FileSystem::sys_open(path, flags, mode);
  if (fd < 0 || !counts) return fd;
  FileStat stat;
  FileSystem::sys_fstat(fd, &stat);
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = begins_.try_emplace(path, end_);
  if (is_new) end_ += stat.bytes;
  open_[fd] = {path, found->second};
  return fd;
}

int SimDisk::sys_close(int fd) {
  {
    const std::lock_guard lock(mutex_);
    open_.erase(fd);
  }
  return FileSystem::sys_close(fd);
}

double SimDisk::cost_of(uint64_t at, uint64_t bytes) {
  const double transfer = static_cast<double>(bytes) / model_.bytes_per_second;
  if (at == head_) return transfer;
  const double over =
      at > head_ ? static_cast<double>(at - head_) / model_.bytes_per_second : model_.positioning_seconds;
  if (over < model_.positioning_seconds) return transfer + over;  // it passes under the head
  ++use_.positionings;
  return transfer + model_.positioning_seconds;
}

ssize_t SimDisk::sys_pread(int fd, void* dest, size_t bytes, uint64_t offset) {
  std::string path;
  std::vector<uint64_t> sectors;
  bool wrong = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(fd);
    if (found != open_.end()) {
      if (gone_) return -EIO;
      path = found->second.first;
      const bool hit = n_ > 0 && ++counted_ % n_ == 0;
      if (hit && does_ == Every::kFails) return -EIO;
      if (hit && does_ == Every::kShort) bytes = std::max<size_t>(1, bytes / 2);
      if (hit && does_ == Every::kStalls) use_.seconds += kStall;
      wrong = hit && does_ == Every::kWrong;
      use_.seconds += cost_of(found->second.second + offset, bytes);
      ++use_.reads;
      use_.bytes += bytes;
      head_ = found->second.second + offset + bytes;
      for (const auto& [part, sector] : corrupted_) {
        if (path.find(part) != std::string::npos) sectors.push_back(sector * kSector);
      }
    }
  }
  const ssize_t got = FileSystem::sys_pread(fd, dest, bytes, offset);
  if (got <= 0 || path.empty()) return got;
  auto* out = static_cast<std::byte*>(dest);
  if (wrong) out[static_cast<size_t>(got) / 2] ^= std::byte{4};
  for (const uint64_t sector : sectors) {
    const uint64_t from = std::max(sector, offset),
                   to = std::min(sector + kSector, offset + static_cast<uint64_t>(got));
    for (uint64_t i = from; i < to; ++i) out[i - offset] ^= std::byte{0x55};
  }
  return got;
}

}  // namespace penstock::io
