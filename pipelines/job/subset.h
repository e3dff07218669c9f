// Part of a data set, and two data sets one after the other: data sets themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/data/dataset.h"

namespace penstock {

/// Records `ids` of a data set, which become 0, 1, ... in that order. Names and places are those of the whole. Const members are
/// thread-safe.
class Subset final : public io::Dataset {
 public:
  /// `rule` says how the ids were chosen ("first 100"); it goes into the fingerprint with them.
  Subset(std::shared_ptr<const io::Dataset> whole, std::vector<uint64_t> ids, const std::string& rule);

  const io::Dataset& whole() const { return *whole_; }
  /// The record of the whole that stands for `id`.
  uint64_t whole_id(uint64_t id) const { return ids_[id]; }

  const Schema& schema() const override { return whole_->schema(); }
  uint64_t size() const override { return ids_.size(); }
  uint64_t fingerprint() const override { return fingerprint_; }
  uint64_t record_bytes(uint64_t id) const override { return whole_->record_bytes(ids_[id]); }
  uint64_t max_record_bytes() const override { return max_bytes_; }
  uint64_t resident_bytes() const override {
    return whole_->resident_bytes() + (ids_.size() + stored_.size()) * sizeof(uint64_t);
  }
  void read(std::span<const uint64_t> ids, Intake& out) const override;
  bool waits() const override { return whole_->waits(); }
  bool verified(uint64_t id) const override { return whole_->verified(ids_[id]); }
  Location locate(uint64_t id) const override { return whole_->locate(ids_[id]); }
  std::string_view format() const override { return whole_->format(); }
  const std::vector<std::string>& class_names() const override { return whole_->class_names(); }
  int64_t label(uint64_t id) const override { return whole_->label(ids_[id]); }
  std::string name(uint64_t id) const override { return whole_->name(ids_[id]); }
  uint64_t bytes() const override { return bytes_; }
  const std::string& path() const override { return whole_->path(); }
  std::optional<uint64_t> stored_checksum(uint64_t id) const override { return whole_->stored_checksum(ids_[id]); }
  std::vector<std::string> notes() const override { return whole_->notes(); }
  const io::TableFields* table_fields() const override { return whole_->table_fields(); }
  void ids_at(std::span<uint64_t> places) const override;
  bool has_extents() const override { return whole_->has_extents(); }
  uint32_t file_count() const override { return whole_->file_count(); }
  std::string file_path(uint32_t file) const override { return whole_->file_path(file); }
  void extents(std::span<const uint64_t> ids, std::span<io::Extent> out) const override;
  void fill(uint64_t id, size_t i, Intake& out) const override { whole_->fill(ids_[id], i, out); }
  std::string fault_of(uint64_t id, std::span<const std::byte> bytes) const override {
    return whole_->fault_of(ids_[id], bytes);
  }
  uint64_t state() const override;
  io::FileSystem& file_system() const override { return whole_->file_system(); }

 private:
  void find_stored_order();
  std::vector<uint64_t> inner(std::span<const uint64_t> ids) const;

  std::shared_ptr<const io::Dataset> whole_;
  std::vector<uint64_t> ids_;
  std::vector<uint64_t> stored_;  ///< ids of this in the storage order of the whole; empty: as they are
  uint64_t fingerprint_ = 0;
  uint64_t bytes_ = 0;
  uint64_t max_bytes_ = 0;
};

/// The records of `first`, then those of `second`. Classes are the sorted union of both, matched by name.
class Joined final : public io::Dataset {
 public:
  Joined(std::shared_ptr<const io::Dataset> first, std::shared_ptr<const io::Dataset> second);

  const Schema& schema() const override { return first_->schema(); }
  uint64_t size() const override { return first_->size() + second_->size(); }
  uint64_t fingerprint() const override { return fingerprint_; }
  uint64_t record_bytes(uint64_t id) const override;
  uint64_t max_record_bytes() const override;
  uint64_t resident_bytes() const override { return first_->resident_bytes() + second_->resident_bytes(); }
  void read(std::span<const uint64_t> ids, Intake& out) const override;
  bool verified(uint64_t id) const override;
  Location locate(uint64_t id) const override;
  std::string_view format() const override { return "joined"; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(uint64_t id) const override;
  std::string name(uint64_t id) const override;
  uint64_t bytes() const override { return first_->bytes() + second_->bytes(); }
  const std::string& path() const override { return second_->path(); }
  std::optional<uint64_t> stored_checksum(uint64_t id) const override;

 private:
  struct Part {
    const io::Dataset& data;
    uint64_t id;
    const std::vector<int64_t>& labels;
  };
  Part part(uint64_t id) const;

  std::shared_ptr<const io::Dataset> first_, second_;
  std::vector<std::string> classes_;
  std::vector<int64_t> first_labels_, second_labels_;  ///< place in classes_ of each own label
  uint64_t fingerprint_ = 0;
};

/// The first `count` records, or all.
std::shared_ptr<const io::Dataset> first_records(std::shared_ptr<const io::Dataset> data, uint64_t count);
/// `count` records (or all), as many of each class as of any other (or all of a class that has fewer), in their order.
std::shared_ptr<const io::Dataset> sample_records(std::shared_ptr<const io::Dataset> data, uint64_t count,
                                                  uint64_t seed = 1);

/// Training and validation part, disjoint and together the whole. With `by_class`, `fraction` of each class (rounded, at least one
/// record where a class has two) is kept for validation, else of all. A function of seed and data alone. Error kUsage where one part
/// would be empty.
std::pair<std::shared_ptr<const Subset>, std::shared_ptr<const Subset>> split_for_validation(
    std::shared_ptr<const io::Dataset> data, double fraction, bool by_class, uint64_t seed);

/// What stands for the records of a data set in checkpoints and digests: its fingerprint and their number, 16 hex digits. (A
/// packer that left damaged records out has the fingerprint of its source, but not its number.)
std::string data_digest(const io::Dataset& data);

}  // namespace penstock
