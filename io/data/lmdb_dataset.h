// Records in an LMDB, read by offset.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/data/dataset.h"
#include "io/data/lmdb_index.h"
#include "io/file/reader.h"

namespace penstock::io {

struct LmdbDatasetOptions {
  std::vector<std::string> classes = {};  ///< when given, labels are places in this list, matched by name
  std::string cache_folder = {};          ///< for the index of a database that is not ours; "" for none
  ReadBackend backend = ReadBackend::kBest;
};

/// An LMDB that LmdbWriter made (with checksums, labels, names), or one of another program whose values are encoded pictures (label -1, no checksums).
/// data.mdb is read by pread at the offsets of the index; it is never mapped. It must not be written to meanwhile.
class LmdbDataset final : public Dataset {
 public:
  /// `fs` must outlive it. Throws kIo where it cannot be read; kData where data.mdb or the index is damaged or cut short, or its values are no pictures.
  static std::unique_ptr<LmdbDataset> open(FileSystem& fs, const std::string& folder, LmdbDatasetOptions options = {});

  const Schema& schema() const override { return index_.head().schema; }
  uint64_t size() const override { return index_.rows().size(); }
  uint64_t fingerprint() const override { return index_.fingerprint(); }
  uint64_t record_bytes(uint64_t id) const override { return index_.rows()[id].length; }
  uint64_t max_record_bytes() const override { return max_bytes_; }
  uint64_t resident_bytes() const override {
    return index_.rows().capacity() * sizeof(LmdbIndexRow) + classes_.size() * 64;
  }
  /// A record whose checksum differs or that lies behind the file's end is rejected; a failing disk is an Error.
  void read(std::span<const uint64_t> ids, Intake& out) const override;
  bool verified(uint64_t id) const override { return index_.rows()[id].has(LmdbIndexRow::kVerified); }
  Location locate(uint64_t id) const override;

  std::string_view format() const override { return "lmdb"; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(uint64_t id) const override;
  std::string name(uint64_t id) const override { return index_.name(id); }
  uint64_t bytes() const override { return bytes_; }
  const std::string& path() const override { return folder_; }
  std::optional<uint64_t> stored_checksum(uint64_t id) const override;
  std::vector<std::string> notes() const override { return notes_; }
  bool has_extents() const override { return true; }
  uint32_t file_count() const override { return 1; }
  std::string file_path(uint32_t) const override { return lmdb_.file().path(); }
  void extents(std::span<const uint64_t> ids, std::span<Extent> out) const override;
  std::string fault_of(uint64_t id, std::span<const std::byte> bytes) const override;
  uint64_t state() const override;
  FileSystem& file_system() const override { return fs_; }

 private:
  LmdbDataset(FileSystem& fs, std::string folder, LmdbFile lmdb, ReadBackend backend);
  void take_index(FileSystem& fs, const std::string& cache_folder);

  FileSystem& fs_;
  std::string folder_;
  LmdbFile lmdb_;
  LmdbIndex index_;
  uint64_t bytes_ = 0;
  uint64_t max_bytes_ = 0;
  std::vector<std::string> classes_;
  std::vector<int64_t> label_of_;  ///< place of each stored label; empty: as stored
  std::vector<std::string> notes_;
  mutable ReadEngines engines_;
};

}  // namespace penstock::io
