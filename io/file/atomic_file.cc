#include "io/file/atomic_file.h"

#include <utility>

#include "engine/base/error.h"

namespace penstock::io {
namespace {
constexpr size_t kBufferBytes =
    256 * 1024;  // a system call costs about as much as copying 4 KiB; large enough to be free
}

AtomicFile::AtomicFile(FileSystem& fs, std::string path)
    : fs_(fs), path_(std::move(path)), temporary_(path_ + ".tmp"), file_(fs, temporary_, OpenMode::kCreate) {}

AtomicFile::~AtomicFile() {
  if (renamed_) return;
  file_ = File();
  fs_.sys_unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  PENSTOCK_CHECK(!finished_);
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() > kBufferBytes) {
    file_.write_at(flushed_, bytes);
    flushed_ += bytes.size();
    return;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void AtomicFile::write_at(uint64_t offset, std::span<const std::byte> bytes) {
  PENSTOCK_CHECK(!finished_ && offset + bytes.size() <= size());
  flush();
  file_.write_at(offset, bytes);
}

void AtomicFile::flush() {
  if (buffer_.empty()) return;
  file_.write_at(flushed_, buffer_);
  flushed_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::commit() {
  PENSTOCK_CHECK(!finished_);
  finished_ = true;
  flush();
  file_.sync();
  file_.close();
  fs_.rename(temporary_, path_);
  renamed_ = true;
  fs_.sync_folder(parent_of(path_));
}

void write_file(FileSystem& fs, const std::string& path, std::span<const std::byte> bytes) {
  AtomicFile file(fs, path);
  file.write(bytes);
  file.commit();
}

void write_file(FileSystem& fs, const std::string& path, std::string_view text) {
  write_file(fs, path, bytes_of(text));
}

}  // namespace penstock::io
