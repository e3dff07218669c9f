#include "io/tier/segment_files.h"

#include <fcntl.h>

#include <utility>

#include "io/tier/store_format.h"

namespace penstock::io {
namespace {

constexpr uint64_t kStartBytes = uint64_t{4} << 20;

}  // namespace

void SegmentFiles::open(FileSystem& fs, std::string folder, uint32_t segment, uint64_t bytes) {
  fs_ = &fs;
  folder_ = std::move(folder);
  segment_ = segment;
  file_ = File(fs, StoreFormat::segment(folder_, segment), OpenMode::kOpenOrCreate);
  file_.truncate(bytes);
  bytes_ = started_ = bytes;
  named_ = false;
}

SegmentFiles::Place SegmentFiles::append(std::span<const std::byte> bytes) {
  if (bytes_ >= StoreFormat::kSegmentBytes) next();
  const Place place{segment_, bytes_};
  file_.write_at(bytes_, bytes);
  bytes_ += bytes.size();
  if (bytes_ - started_ >= kStartBytes && fs_->passes_through()) {
    ::sync_file_range(file_.fd(), static_cast<off_t>(started_), static_cast<off_t>(bytes_ - started_),
                      SYNC_FILE_RANGE_WRITE);
    started_ = bytes_;
  }
  return place;
}

void SegmentFiles::sync() {
  file_.sync();
  if (!named_) fs_->sync_folder(folder_);
  named_ = true;
  if (fs_->passes_through()) ::posix_fadvise(file_.fd(), 0, 0, POSIX_FADV_DONTNEED);
}

void SegmentFiles::next() {
  sync();
  file_ = File(*fs_, StoreFormat::segment(folder_, ++segment_), OpenMode::kCreate);
  bytes_ = started_ = 0;
  named_ = false;
}

}  // namespace penstock::io
