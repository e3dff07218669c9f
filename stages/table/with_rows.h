// Pictures and rows of features in one graph: each record is a picture and the row with its key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stages/table/encoded_table.h"

namespace penstock::table {

/// What of a picture's name is its key.
enum class KeyOf : uint8_t {
  kName,  ///< all of it: the path in the data set
  kFile,  ///< the file's name
  kStem,  ///< that, without the ending
};
/// A picture without a row that can be used.
enum class NoRow : uint8_t { kFail, kLeaveOut };
/// A key that several rows have.
enum class Twice : uint8_t { kFail, kFirst };

struct WithRowsOptions {
  std::string key;  ///< column of the table
  KeyOf key_of = KeyOf::kStem;
  NoRow no_row = NoRow::kFail;
  Twice twice = Twice::kFail;
};

struct MatchCounts {
  uint64_t matched = 0;
  uint64_t pictures_without_row = 0;  ///< left out
  uint64_t rows_refused = 0;          ///< rows with a key that are bad or have no target: as if they were not there
  uint64_t rows_without_picture = 0;
  uint64_t keys_twice = 0;  ///< that several rows have
};

/// A data set of pictures whose records also have `cat`, `cont` and, for regression and binary, `target` of the row with their key; where the table's task is classes,
/// `label` is the row's class and no longer the picture's. Ids count the pictures that are left, in their order; bytes, names and places are the pictures'.
///
/// The rows are encoded when it is made and stay in memory, 4 (C + D + 1) bytes a picture (resident_bytes): beside a picture's decoding they weigh nothing, and
/// pictures are read in any order. Const members are thread-safe.
class WithRows final : public io::Dataset {
 public:
  /// Throws Error kUsage where the table has no such column, kData (naming the first key) where options do not bear what is found, or no picture has a row.
  WithRows(std::shared_ptr<const io::Dataset> pictures, const EncodedTable& rows, const WithRowsOptions& options);

  const MatchCounts& counts() const { return counts_; }
  uint64_t picture_of(uint64_t id) const { return pictures_of_[id]; }

  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return pictures_of_.size(); }
  uint64_t fingerprint() const override { return fingerprint_; }
  uint64_t record_bytes(uint64_t id) const override { return pictures_->record_bytes(pictures_of_[id]); }
  uint64_t max_record_bytes() const override { return pictures_->max_record_bytes(); }
  uint64_t resident_bytes() const override;
  void read(std::span<const uint64_t> ids, Intake& out) const override;
  bool waits() const override { return pictures_->waits(); }
  bool verified(uint64_t id) const override { return pictures_->verified(pictures_of_[id]); }
  void note_verified(uint64_t id) const override { pictures_->note_verified(pictures_of_[id]); }
  Location locate(uint64_t id) const override { return pictures_->locate(pictures_of_[id]); }
  std::string_view format() const override { return pictures_->format(); }
  const std::vector<std::string>& class_names() const override {
    return labels_.empty() ? pictures_->class_names() : classes_;
  }
  int64_t label(uint64_t id) const override {
    return labels_.empty() ? pictures_->label(pictures_of_[id]) : labels_[id];
  }
  std::string name(uint64_t id) const override { return pictures_->name(pictures_of_[id]); }
  uint64_t bytes() const override { return pictures_->bytes(); }
  const std::string& path() const override { return pictures_->path(); }
  std::optional<uint64_t> stored_checksum(uint64_t id) const override {
    return pictures_->stored_checksum(pictures_of_[id]);
  }
  bool has_extents() const override { return pictures_->has_extents(); }
  uint32_t file_count() const override { return pictures_->file_count(); }
  std::string file_path(uint32_t file) const override { return pictures_->file_path(file); }
  void extents(std::span<const uint64_t> ids, std::span<io::Extent> out) const override;
  void fill(uint64_t id, size_t i, Intake& out) const override;
  std::string fault_of(uint64_t id, std::span<const std::byte> bytes) const override {
    return pictures_->fault_of(pictures_of_[id], bytes);
  }
  uint64_t state() const override;
  io::FileSystem& file_system() const override { return pictures_->file_system(); }
  const io::TableFields* table_fields() const override { return &fields_; }
  std::vector<std::string> notes() const override;

 private:
  void match(const EncodedTable& rows, const WithRowsOptions& options);
  void encode(const EncodedTable& rows, std::vector<uint64_t> row_of, NoRow no_row);
  void fill_row(uint64_t id, size_t i, Intake& out) const;
  std::vector<uint64_t> inner(std::span<const uint64_t> ids) const;

  std::shared_ptr<const io::Dataset> pictures_;
  Schema schema_;
  io::TableFields fields_;
  std::vector<std::string> classes_;
  MatchCounts counts_;
  uint64_t fingerprint_ = 0;
  size_t cat_width_ = 0, cont_width_ = 0;
  size_t cat_field_ = Schema::npos, cont_field_ = Schema::npos, target_field_ = Schema::npos;
  std::vector<uint64_t> pictures_of_;
  std::vector<int32_t> cat_;     ///< (size, C)
  std::vector<float> cont_;      ///< (size, D)
  std::vector<float> target_;    ///< (size); empty for classes
  std::vector<int64_t> labels_;  ///< (size); for classes only
};

}  // namespace penstock::table
