// The files of a data set and the disks they lie on, as a reader needs them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/data/dataset.h"
#include "io/read/disk.h"
#include "io/read/placement.h"
#include "io/read/read_queue.h"

namespace penstock::io {

/// Opens files when they are first read, keeps the few of an indexed data set open and the many of a folder not; tells which disk each lies on and where on it.
/// Thread-safe.
class SourceFiles {
 public:
  using DiskOf = std::function<DiskModel(const std::string& path)>;
  using PathOf = std::function<std::string(uint32_t file)>;

  /// `count` files; `one_a_record`: a folder, whose files are opened, read once and closed.
  SourceFiles(FileSystem& fs, uint32_t count, bool one_a_record, PathOf path_of, DiskOf disk_of, bool direct);

  /// Throws penstock::Error(kIo).
  std::shared_ptr<const ReadFile> open(uint32_t file);
  /// Place in disks() of the disk that a file lies on. Files of one folder lie on one disk, as far as this is concerned.
  size_t disk(uint32_t file);
  /// The disks seen so far. References stay good.
  const DiskModel& model(size_t disk) const;
  size_t disks() const;
  /// Where a byte lies on its disk; by file number and offset where the file system does not tell.
  uint64_t physical(uint32_t file, uint64_t offset);

 private:
  static constexpr size_t kMostOpen = 64;

  FileSystem& fs_;
  const bool one_a_record_;
  const PathOf path_of_;
  const DiskOf disk_of_;
  const bool direct_;
  mutable std::mutex mutex_;
  std::unordered_map<uint32_t, std::shared_ptr<const ReadFile>> open_;
  std::map<std::string, size_t> disk_of_folder_;
  std::vector<std::unique_ptr<DiskModel>> disks_;
  std::unordered_map<uint32_t, size_t> disk_of_file_;              ///< not of folders, which have too many
  std::unordered_map<uint32_t, std::optional<PhysicalMap>> maps_;  ///< likewise
  uint32_t last_mapped_ = UINT32_MAX;
  std::optional<PhysicalMap> last_map_;  ///< of a folder's file
};

}  // namespace penstock::io
