#include "io/file/file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kCreate: return O_RDWR | O_CREAT | O_TRUNC;
    case OpenMode::kCreateNew: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kUpdate: return O_RDWR;
    case OpenMode::kOpenOrCreate: return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

// Linux transfers at most about 2 GiB a call.
constexpr size_t kMostBytesACall = size_t{1} << 30;

}  // namespace

File::File(FileSystem& fs, std::string path, OpenMode mode) : fs_(&fs), path_(std::move(path)) {
  int fd;
  do { fd = fs_->sys_open(path_.c_str(), flags_of(mode), 0666); } while (fd == -EINTR);
  if (fd < 0) Fault::raise(mode == OpenMode::kCreate || mode == OpenMode::kCreateNew ? "create" : "open", path_, -fd);
  fd_ = fd;
}

File& File::operator=(File&& other) noexcept {
  std::swap(fs_, other.fs_);
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) fs_->sys_close(fd_);
}

size_t File::read_at(uint64_t offset, std::span<std::byte> dest) const {
  size_t done = 0;
  while (done < dest.size()) {
    const ssize_t got =
        fs_->sys_pread(fd_, dest.data() + done, std::min(dest.size() - done, kMostBytesACall), offset + done);
    if (got == -EINTR) continue;
    if (got < 0) Fault::raise("read", path_, static_cast<int>(-got));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

void File::read_exactly(uint64_t offset, std::span<std::byte> dest) const {
  const size_t got = read_at(offset, dest);
  if (got == dest.size()) return;
  throw Error(Code::kData, "'" + path_ + "' ends at byte " + std::to_string(offset + got) + ", " +
                               std::to_string(offset + dest.size()) + " were expected")
      .hint("the file is cut short: make or copy it again");
}

void File::write_at(uint64_t offset, std::span<const std::byte> from) {
  size_t done = 0;
  while (done < from.size()) {
    const ssize_t put =
        fs_->sys_pwrite(fd_, from.data() + done, std::min(from.size() - done, kMostBytesACall), offset + done);
    if (put == -EINTR) continue;
    if (put < 0) Fault::raise("write", path_, static_cast<int>(-put));
    if (put == 0) Fault::raise("write", path_, ENOSPC);
    done += static_cast<size_t>(put);
  }
}

void File::sync() {
  if (const int rc = fs_->sys_fsync(fd_); rc < 0) Fault::raise("sync", path_, -rc);
}

void File::truncate(uint64_t bytes) {
  if (const int rc = fs_->sys_truncate(fd_, bytes); rc < 0) Fault::raise("change the length of", path_, -rc);
}

FileStat File::stat() const {
  FileStat out;
  if (const int rc = fs_->sys_fstat(fd_, &out); rc < 0) Fault::raise("look at", path_, -rc);
  return out;
}

uint64_t File::size() const { return stat().bytes; }

void File::close() {
  if (fd_ < 0) return;
  const int rc = fs_->sys_close(std::exchange(fd_, -1));
  if (rc < 0 && rc != -EINTR) Fault::raise("close", path_, -rc);
}

std::string read_file(FileSystem& fs, const std::string& path, uint64_t limit_bytes) {
  const File file(fs, path, OpenMode::kRead);
  const uint64_t bytes = file.size();
  if (bytes > limit_bytes) {
    throw Error(Code::kData, "'" + path + "' has " + std::to_string(bytes) + " bytes, at most " +
                                 std::to_string(limit_bytes) + " were expected");
  }
  std::string text(bytes, '\0');
  text.resize(file.read_at(0, {reinterpret_cast<std::byte*>(text.data()), text.size()}));
  return text;
}

}  // namespace penstock::io
