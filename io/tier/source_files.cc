#include "io/tier/source_files.h"

#include <utility>

namespace penstock::io {
namespace {

// A place for files that nobody can place: apart from each other, in the order of their numbers.
constexpr int kFileShift = 40;

}  // namespace

SourceFiles::SourceFiles(FileSystem& fs, uint32_t count, bool one_a_record, PathOf path_of, DiskOf disk_of, bool direct)
    : fs_(fs),
      one_a_record_(one_a_record),
      path_of_(std::move(path_of)),
      disk_of_(std::move(disk_of)),
      direct_(direct) {
  if (count > 0) disk(0);
}

std::shared_ptr<const ReadFile> SourceFiles::open(uint32_t file) {
  if (one_a_record_) return std::make_shared<ReadFile>(fs_, path_of_(file), direct_);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(file); found != open_.end()) return found->second;
  }
  auto opened = std::make_shared<ReadFile>(fs_, path_of_(file), direct_);
  const std::lock_guard lock(mutex_);
  if (open_.size() >= kMostOpen) open_.erase(open_.begin());  // reads in flight keep theirs
  return open_.emplace(file, std::move(opened)).first->second;
}

size_t SourceFiles::disk(uint32_t file) {
  if (!one_a_record_) {
    const std::lock_guard lock(mutex_);
    if (const auto found = disk_of_file_.find(file); found != disk_of_file_.end()) return found->second;
  }
  const std::string path = path_of_(file);
  const std::string folder = parent_of(path);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = disk_of_folder_.find(folder); found != disk_of_folder_.end()) {
      if (!one_a_record_) disk_of_file_[file] = found->second;
      return found->second;
    }
  }
  DiskModel model = disk_of_(folder);
  const std::lock_guard lock(mutex_);
  size_t place = 0;
  while (place < disks_.size() && (disks_[place]->name != model.name || disks_[place]->device != model.device)) ++place;
  if (place == disks_.size()) disks_.push_back(std::make_unique<DiskModel>(std::move(model)));
  disk_of_folder_[folder] = place;
  if (!one_a_record_) disk_of_file_[file] = place;
  return place;
}

const DiskModel& SourceFiles::model(size_t disk) const {
  const std::lock_guard lock(mutex_);
  return *disks_[disk];
}

size_t SourceFiles::disks() const {
  const std::lock_guard lock(mutex_);
  return disks_.size();
}

uint64_t SourceFiles::physical(uint32_t file, uint64_t offset) {
  const uint64_t unknown = (uint64_t{file} << kFileShift) + offset;
  const std::lock_guard lock(mutex_);
  if (one_a_record_) {
    if (last_mapped_ != file) {
      last_map_ = physical_map(fs_, path_of_(file));
      last_mapped_ = file;
    }
    return last_map_ && !last_map_->pieces.empty() ? last_map_->physical(offset) : unknown;
  }
  auto found = maps_.find(file);
  if (found == maps_.end()) found = maps_.emplace(file, physical_map(fs_, path_of_(file))).first;
  return found->second && !found->second->pieces.empty() ? found->second->physical(offset) : unknown;
}

}  // namespace penstock::io
