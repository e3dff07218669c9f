#include "io/file/append_file.h"

#include <utility>

#include "engine/base/error.h"

namespace penstock::io {
namespace {
constexpr size_t kBufferBytes = 64 * 1024;
}

AppendFile::AppendFile(FileSystem& fs, std::string path)
    : fs_(&fs), file_(fs, std::move(path), OpenMode::kOpenOrCreate), flushed_(file_.size()) {}

AppendFile::~AppendFile() {
  if (!file_.is_open() || broken_) return;
  try {
    flush();
  } catch (const Error&) {  // a destructor has nobody to tell; the reader cuts a torn tail off
  }
}

void AppendFile::check_usable() const {
  if (broken_) {
    throw Error(Code::kIo, "'" + file_.path() + "' failed before and cannot be trusted any more")
        .hint("fix the disk, then resume from the last checkpoint");
  }
}

void AppendFile::append(std::span<const std::byte> bytes) {
  check_usable();
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (buffer_.size() >= kBufferBytes) flush();
}

void AppendFile::flush() {
  check_usable();
  if (buffer_.empty()) return;
  broken_ = true;
  file_.write_at(flushed_, buffer_);
  broken_ = false;
  flushed_ += buffer_.size();
  buffer_.clear();
}

void AppendFile::sync() {
  flush();
  broken_ = true;
  file_.sync();
  if (!folder_synced_) fs_->sync_folder(parent_of(file_.path()));
  folder_synced_ = true;
  broken_ = false;
}

void AppendFile::truncate(uint64_t bytes) {
  flush();
  if (bytes > flushed_) {
    throw Error(Code::kData, "'" + file_.path() + "' has " + std::to_string(flushed_) +
                                 " bytes, the checkpoint counts on " + std::to_string(bytes))
        .hint("lines of the log are lost; resume from an older checkpoint");
  }
  if (bytes == flushed_) return;
  broken_ = true;
  file_.truncate(bytes);
  broken_ = false;
  flushed_ = bytes;
}

}  // namespace penstock::io
