// Pictures as people keep them in HDF5: one array of pixels, one of labels.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/data/dataset.h"
#include "io/file/file.h"
#include "io/file/reader.h"

namespace penstock::io {

/// An array u8 (N, H, W, C), (N, C, H, W) or (N, H, W), named images, image, data, x, X or pixels, at the top or in a group (the first in
/// order of names that fits), and beside it labels, label, y, Y, targets or target: integers (N) or (N, 1), which may be missing. (N, C, H, W) is recognised by C <= 4 where the last
/// dimension is larger, and turned while reading. Schema:
///   pixels u8 (H, W, C)
///   label i64
/// What lies in one piece is read by offset, many reads in flight; what is chunked or compressed goes through HDF5, one thread at a
/// time, with a bounded cache of unpacked chunks. No checksums; a record's name is its array and place, "images[17]", a class's its number.
class Hdf5ArrayDataset final : public Dataset {
 public:
  /// `fs` must outlive it. `group`: look only below it ("train"); "" for everywhere. `classes`: when given, labels are places in this list, matched by name. Throws
  /// kUsage where no array fits (saying which are there), kData where the
  /// file is no HDF5, is damaged or cut short, or the labels are no integers, of another length, or not readable.
  static std::unique_ptr<Hdf5ArrayDataset> open(FileSystem& fs, const std::string& path, const std::string& group = {},
                                                const std::vector<std::string>& classes = {});
  ~Hdf5ArrayDataset() override;

  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return records_; }
  /// Of the shape, all labels, and the pixels of up to 64 records spread over the set: reading all would take an epoch.
  uint64_t fingerprint() const override { return fingerprint_; }
  /// Its pixels have a fixed shape: no unbounded bytes.
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  uint64_t resident_bytes() const override { return labels_.size() * sizeof(int32_t) + cache_bytes_; }
  void read(std::span<const uint64_t> ids, Intake& out) const override;
  Location locate(uint64_t id) const override;

  std::string_view format() const override { return "hdf5"; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(uint64_t id) const override { return labels_.empty() ? -1 : labels_[id]; }
  std::string name(uint64_t id) const override { return array_ + "[" + std::to_string(id) + "]"; }
  uint64_t bytes() const override { return records_ * picture_bytes_; }
  const std::string& path() const override { return path_; }
  std::vector<std::string> notes() const override { return notes_; }
  uint64_t state() const override;
  FileSystem& file_system() const override { return fs_; }
  /// Whether records are read by offset, past HDF5.
  bool is_contiguous() const { return offset_ != 0; }

  static constexpr size_t kPixelsField = 0;

 private:
  struct Library;
  Hdf5ArrayDataset(FileSystem& fs, std::string path);
  void take_pixels();
  void take_labels(const std::string& array);
  void name_classes(const std::vector<std::string>& wanted);
  void sum_up();
  void read_by_offset(std::span<const uint64_t> ids, std::span<std::byte* const> dest, Intake& out) const;
  /// A record that HDF5 cannot read is rejected, or an Error where `out` is null.
  void read_by_library(std::span<const uint64_t> ids, std::span<std::byte* const> dest, Intake* out) const;
  void turn(std::byte* picture) const;

  FileSystem& fs_;
  std::string path_, array_;
  File file_;
  std::unique_ptr<Library> library_;
  Schema schema_;
  std::vector<std::string> classes_, notes_;
  std::vector<int32_t> labels_;
  uint64_t records_ = 0, picture_bytes_ = 0, fingerprint_ = 0;
  uint64_t offset_ = 0;       ///< of the array in the file; 0: HDF5 has to unpack it
  uint64_t cache_bytes_ = 0;  ///< of HDF5's unpacked chunks
  uint64_t channels_ = 1;
  bool planar_ = false;
  mutable ReadEngines engines_;
};

}  // namespace penstock::io
