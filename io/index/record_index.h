// Where each record of a data set lies: one compact file for all formats that keep many records in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/data/dataset.h"
#include "io/file/file.h"

namespace penstock::io {

/// One record, 32 bytes.
struct RecordRow {
  static constexpr uint64_t kVerified = 1, kHasChecksum = 2;
  static constexpr uint64_t kMostBytes = (uint64_t{1} << 48) - 1;

  uint64_t offset = 0;
  uint64_t length_and_flags = 0;  ///< length (48 bits), flags (16 bits)
  uint64_t checksum = 0;          ///< XXH3-64 of the bytes, where kHasChecksum
  uint32_t file = 0;
  int32_t label = -1;  ///< as stored; see RecordIndexHead::classes

  uint64_t length() const { return length_and_flags & kMostBytes; }
  bool has(uint64_t flag) const { return (length_and_flags >> 48 & flag) != 0; }
  static uint64_t pack(uint64_t length, uint64_t flags) { return length | flags << 48; }
};
static_assert(sizeof(RecordRow) == 32);

/// A file that the index speaks of, and how it was when the index was made.
struct IndexedFile {
  std::string path;  ///< relative to the index's data set where it lies below it, else absolute
  uint64_t bytes = 0;
  int64_t mtime_ns = 0;
  uint64_t stamp = 0;  ///< the format's own: an LMDB's transaction number
};

/// What is held in memory of any index.
struct RecordIndexHead {
  std::string format;  ///< "lmdb", "tar", "hdf5", "ilsvrc"
  std::vector<IndexedFile> files;
  std::vector<std::string> classes;  ///< empty: none
  uint64_t fingerprint = 0;          ///< of the data set (Source::fingerprint)
  uint64_t records = 0;
  uint64_t bytes = 0;      ///< encoded, all records
  uint64_t max_bytes = 0;  ///< of one record
  bool has_order = false;  ///< stored in another order than that of the ids
  std::string note;        ///< the format's own, text: what made it, what was left out. Kept as it is.
};

/// Makes an index file, record by record in the order in which they are stored, in bounded memory; appears whole or not at all. One thread.
class RecordIndexWriter {
 public:
  /// `path` is the file to make.
  RecordIndexWriter(FileSystem& fs, std::string path);
  ~RecordIndexWriter();
  /// The next record in storage order. Its id is the place it is added at, unless ids are given: then for all records, and each of
  /// 0 .. N - 1 once (kData at finish() otherwise).
  void add(const RecordRow& row, std::string_view name, std::optional<uint64_t> id = std::nullopt);
  uint64_t size() const;
  /// Fills in records, bytes, max_bytes and has_order of `head`.
  void finish(RecordIndexHead head);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// An index file, read by pages: at most `memory_bytes` of it are held, whatever the number of records (rows in full where they fit).
/// Header, head and each 64 KiB page of the body carry an XXH3-64 that is checked when it is read. Const members are thread-safe.
class RecordIndex {
 public:
  static constexpr uint64_t kDefaultMemory = uint64_t{64} << 20;  ///< all of 2 million records

  /// Nothing where there is no such file, or it is of another version, damaged or cut short (then it is made anew). `fs` must outlive it.
  static std::unique_ptr<RecordIndex> open(FileSystem& fs, const std::string& path,
                                           uint64_t memory_bytes = kDefaultMemory);
  ~RecordIndex();

  const RecordIndexHead& head() const;
  /// The rows of `ids`; kIo where a page is damaged, and the file is removed then: it is made again at the next start. Much cheaper for ids that lie close together.
  void rows(std::span<const uint64_t> ids, std::span<RecordRow> out) const;
  RecordRow row(uint64_t id) const;
  std::string name(uint64_t id) const;
  /// See Source::ids_at.
  void ids_at(std::span<uint64_t> places) const;
  /// Bytes this object holds in memory now, at most `memory_bytes` and a little.
  uint64_t resident_bytes() const;
  /// Each of the files has the bytes and the change time it was indexed with, seen from the data set's folder `base`.
  bool is_current(FileSystem& fs, const std::string& base) const;

 private:
  RecordIndex();
  struct State;
  std::unique_ptr<State> state_;
};

/// Where the index of a data set lies: beside it (`beside`), or in `cache_folder` under the XXH3 of the real path where that cannot be written.
std::vector<std::string> index_places(const std::string& data_path, const std::string& beside,
                                      const std::string& cache_folder);

/// A data set whose records are extents of files, by index: all of Dataset, with checksums. The formats derive from it and only make indexes.
class IndexedDataset : public Dataset {
 public:
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override;
  uint64_t fingerprint() const override;
  uint64_t record_bytes(uint64_t id) const override;
  uint64_t max_record_bytes() const override;
  uint64_t resident_bytes() const override;
  /// Sorted by place, many in flight. A record whose checksum differs or that lies behind a file's end is rejected; a failing disk is an Error.
  void read(std::span<const uint64_t> ids, Intake& out) const override;
  bool verified(uint64_t id) const override;
  Location locate(uint64_t id) const override;
  void ids_at(std::span<uint64_t> places) const override;

  std::string_view format() const override;
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(uint64_t id) const override;
  std::string name(uint64_t id) const override;
  uint64_t bytes() const override;
  const std::string& path() const override { return path_; }
  std::optional<uint64_t> stored_checksum(uint64_t id) const override;
  std::vector<std::string> notes() const override { return notes_; }

  bool has_extents() const override { return true; }
  uint32_t file_count() const override;
  std::string file_path(uint32_t file) const override;
  void extents(std::span<const uint64_t> ids, std::span<Extent> out) const override;
  std::string fault_of(uint64_t id, std::span<const std::byte> bytes) const override;
  uint64_t state() const override;
  FileSystem& file_system() const override { return fs_; }

 protected:
  /// `classes`: when not empty, labels become places in it, matched by name (kUsage). `base`: the folder that relative paths count from.
  IndexedDataset(FileSystem& fs, std::string path, std::string base, std::unique_ptr<RecordIndex> index,
                 const std::vector<std::string>& classes);
  const RecordIndex& index() const { return *index_; }
  /// Labels from a file (see LabelFile), of a data set that has none of its own: kUsage where it has. Takes 8 bytes a record.
  void take_labels(const std::string& file, const std::vector<std::string>& classes);
  std::vector<std::string> notes_;

 private:
  struct Files;
  FileSystem& fs_;
  std::string path_, base_;
  std::unique_ptr<RecordIndex> index_;
  Schema schema_;
  std::vector<std::string> classes_;
  std::vector<int64_t> label_of_;  ///< place of each stored label; empty: as stored
  std::vector<int64_t> given_;     ///< labels from a file, of each record; empty: the stored ones
  uint64_t fingerprint_ = 0;       ///< labels from a file included
  std::shared_ptr<Files> files_;   ///< opened when first read
};

}  // namespace penstock::io
