// A folder of pictures, with or without class folders: the ImageFolder layout.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/data/dataset.h"
#include "io/data/folder_listing.h"
#include "io/file/reader.h"

namespace penstock::io {

struct ImageFolderOptions {
  FolderLayout layout = FolderLayout::kClasses;
  std::string labels = {};                ///< see LabelFile; kFlat only
  std::vector<std::string> classes = {};  ///< when given, labels are places in this list, matched by name
  /// Folders with fewer pictures are walked each time (it takes some milliseconds) and get no manifest.
  uint64_t manifest_from_files = 2000;
  std::string cache_folder = {};  ///< for manifests that cannot lie in the folder; "" for none
  ReadBackend backend = ReadBackend::kBest;
};

/// DATA/<class>/**/*.jpg, or DATA/**/*.jpg where flat. Order, endings and labels are torchvision's (see FolderListing). The order of the
/// records and the fingerprint are those of the folder's contents, wherever it lies.
class ImageFolder final : public Dataset {
 public:
  /// `fs` must outlive it. Throws kIo where a folder cannot be read, kUsage where there are no pictures.
  static std::unique_ptr<ImageFolder> open(FileSystem& fs, const std::string& root, ImageFolderOptions options = {});

  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return listing_.files.size(); }
  uint64_t fingerprint() const override { return fingerprint_; }
  uint64_t record_bytes(uint64_t id) const override { return listing_.files[id].bytes; }
  uint64_t max_record_bytes() const override { return max_bytes_; }
  uint64_t resident_bytes() const override;
  /// A file that is gone, unreadable, empty, or not of the length it was listed with is rejected; EIO and too many open files are an Error.
  void read(std::span<const uint64_t> ids, Intake& out) const override;
  Location locate(uint64_t id) const override;

  std::string_view format() const override { return "folder"; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(uint64_t id) const override;
  std::string name(uint64_t id) const override { return listing_.path(id); }
  uint64_t bytes() const override { return bytes_; }
  const std::string& path() const override { return root_; }
  std::vector<std::string> notes() const override { return notes_; }
  bool has_extents() const override { return true; }
  uint32_t file_count() const override { return static_cast<uint32_t>(listing_.files.size()); }
  std::string file_path(uint32_t file) const override { return join_path(root_, listing_.path(file)); }
  void extents(std::span<const uint64_t> ids, std::span<Extent> out) const override;
  /// Its file has another length now than it was listed with.
  std::string fault_of(uint64_t id, std::span<const std::byte> bytes) const override;
  /// One stat a file: a picture may have been written over since the folder was listed.
  uint64_t state() const override;
  FileSystem& file_system() const override { return fs_; }
  /// Whether opening needed no walk.
  bool from_manifest() const { return from_manifest_; }

 private:
  ImageFolder(FileSystem& fs, std::string root, ReadBackend backend);
  void list(const ImageFolderOptions& options);
  void apply_labels(const ImageFolderOptions& options);
  void note_oddities();
  void read_group(std::span<const uint64_t> ids, size_t first, Intake& out) const;

  FileSystem& fs_;
  std::string root_;
  Schema schema_;
  FolderListing listing_;
  bool from_manifest_ = false;
  uint64_t fingerprint_ = 0;
  uint64_t bytes_ = 0;
  uint64_t max_bytes_ = 0;
  std::vector<std::string> classes_;
  std::vector<int64_t> label_of_folder_;
  std::vector<int64_t> label_of_file_;  ///< with a CSV only
  std::vector<std::string> notes_;
  mutable ReadEngines engines_;
};

}  // namespace penstock::io
