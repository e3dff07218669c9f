#include "pipelines/job/subset.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "engine/base/error.h"
#include "engine/order/draws.h"
#include "io/file/checksum.h"

namespace penstock {
namespace {

// Fisher-Yates with keyed draws: `stream` tells one class from the next.
template <class T>
void shuffle(std::vector<T>& ids, uint64_t seed, uint64_t stream, std::string_view key) {
  Draws draws(seed, 0, stream, draw_key(key));
  for (uint64_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[draws.below(i)]);
}

std::vector<uint64_t> all_ids(const io::Dataset& data) {
  std::vector<uint64_t> ids(data.size());
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

}  // namespace

Subset::Subset(std::shared_ptr<const io::Dataset> whole, std::vector<uint64_t> ids, const std::string& rule)
    : whole_(std::move(whole)), ids_(std::move(ids)) {
  io::Checksum sum;
  sum.add(whole_->fingerprint()).add(rule).add(std::as_bytes(std::span(ids_)));
  fingerprint_ = sum.value();
  for (const uint64_t id : ids_) {
    bytes_ += whole_->record_bytes(id);
    max_bytes_ = std::max(max_bytes_, whole_->record_bytes(id));
  }
  find_stored_order();
}

// Which of this set's records lies where, when the whole was shuffled on disk.
void Subset::find_stored_order() {
  std::vector<std::pair<uint64_t, uint64_t>> own(ids_.size());  // id in the whole, id here
  for (uint64_t i = 0; i < ids_.size(); ++i) own[i] = {ids_[i], i};
  if (!std::is_sorted(own.begin(), own.end())) std::sort(own.begin(), own.end());
  std::vector<uint64_t> stored, part;
  bool moved = false;
  for (uint64_t first = 0; first < whole_->size(); first += part.size()) {
    part.resize(std::min<uint64_t>(4096, whole_->size() - first));
    std::iota(part.begin(), part.end(), first);
    whole_->ids_at(part);
    for (const uint64_t id : part) {
      const auto found = std::lower_bound(own.begin(), own.end(), std::pair<uint64_t, uint64_t>(id, 0));
      if (found == own.end() || found->first != id) continue;
      moved = moved || found->second != stored.size();
      stored.push_back(found->second);
    }
  }
  if (moved && stored.size() == ids_.size()) stored_ = std::move(stored);
}

std::vector<uint64_t> Subset::inner(std::span<const uint64_t> ids) const {
  std::vector<uint64_t> out(ids.size());
  std::transform(ids.begin(), ids.end(), out.begin(), [&](uint64_t id) { return ids_[id]; });
  return out;
}

void Subset::read(std::span<const uint64_t> ids, Intake& out) const { whole_->read(inner(ids), out); }

void Subset::extents(std::span<const uint64_t> ids, std::span<io::Extent> out) const {
  whole_->extents(inner(ids), out);
}

void Subset::ids_at(std::span<uint64_t> places) const {
  if (stored_.empty()) return;
  for (uint64_t& place : places) place = stored_[place];
}

uint64_t Subset::state() const { return io::Checksum().add(fingerprint_).add(whole_->state()).value(); }

std::shared_ptr<const io::Dataset> first_records(std::shared_ptr<const io::Dataset> data, uint64_t count) {
  if (count >= data->size()) return data;
  std::vector<uint64_t> ids = all_ids(*data);
  ids.resize(count);
  return std::make_shared<Subset>(std::move(data), std::move(ids), "first");
}

std::shared_ptr<const io::Dataset> sample_records(std::shared_ptr<const io::Dataset> data, uint64_t count,
                                                  uint64_t seed) {
  if (count >= data->size()) return data;
  std::map<int64_t, std::vector<uint64_t>> classes;
  for (uint64_t id = 0; id < data->size(); ++id) classes[data->label(id)].push_back(id);
  // Class by class in turn, so that each gives as many as any other as long as it has them.
  std::vector<std::vector<uint64_t>*> left;
  for (auto& [label, ids] : classes) {
    shuffle(ids, seed, static_cast<uint64_t>(label), "sample");
    left.push_back(&ids);
  }
  shuffle(left, seed, 0, "sample classes");  // whose records are the odd ones
  std::vector<uint64_t> ids;
  for (uint64_t round = 0; ids.size() < count; ++round) {
    for (size_t c = 0; c < left.size() && ids.size() < count; ++c) {
      if (round < left[c]->size()) ids.push_back((*left[c])[round]);
    }
  }
  std::sort(ids.begin(), ids.end());
  return std::make_shared<Subset>(std::move(data), std::move(ids), "sample");
}

std::pair<std::shared_ptr<const Subset>, std::shared_ptr<const Subset>> split_for_validation(
    std::shared_ptr<const io::Dataset> data, double fraction, bool by_class, uint64_t seed) {
  std::map<int64_t, std::vector<uint64_t>> groups;
  for (uint64_t id = 0; id < data->size(); ++id) groups[by_class ? data->label(id) : 0].push_back(id);
  std::vector<uint64_t> train, val;
  for (auto& [label, ids] : groups) {
    shuffle(ids, seed, static_cast<uint64_t>(label), "val");
    auto kept = static_cast<uint64_t>(std::llround(fraction * static_cast<double>(ids.size())));
    if (fraction > 0 && ids.size() >= 2) kept = std::clamp<uint64_t>(kept, 1, ids.size() - 1);
    val.insert(val.end(), ids.begin(), ids.begin() + static_cast<int64_t>(kept));
    train.insert(train.end(), ids.begin() + static_cast<int64_t>(kept), ids.end());
  }
  if (train.empty() || val.empty()) {
    throw Error(Code::kUsage, "data.val.fraction leaves " + std::to_string(train.size()) +
                                  " records for training and " + std::to_string(val.size()) + " for validation, of " +
                                  std::to_string(data->size()))
        .hint("choose another fraction, or give the validation set with --val");
  }
  std::sort(train.begin(), train.end());
  std::sort(val.begin(), val.end());
  return {std::make_shared<Subset>(data, std::move(train), "train"),
          std::make_shared<Subset>(data, std::move(val), "val")};
}

std::string data_digest(const io::Dataset& data) {
  return io::hex(io::Checksum().add(data.fingerprint()).add(data.size()).value());
}

Joined::Joined(std::shared_ptr<const io::Dataset> first, std::shared_ptr<const io::Dataset> second)
    : first_(std::move(first)), second_(std::move(second)) {
  if (first_->schema() != second_->schema()) {
    throw Error(Code::kUsage, "'" + second_->path() + "' has other fields than '" + first_->path() + "'");
  }
  std::set<std::string> names(first_->class_names().begin(), first_->class_names().end());
  names.insert(second_->class_names().begin(), second_->class_names().end());
  classes_.assign(names.begin(), names.end());
  first_labels_ = io::match_classes(first_->class_names(), classes_, first_->path());
  second_labels_ = io::match_classes(second_->class_names(), classes_, second_->path());
  fingerprint_ = io::Checksum().add("joined").add(first_->fingerprint()).add(second_->fingerprint()).value();
}

Joined::Part Joined::part(uint64_t id) const {
  if (id < first_->size()) return {*first_, id, first_labels_};
  return {*second_, id - first_->size(), second_labels_};
}

uint64_t Joined::record_bytes(uint64_t id) const { return part(id).data.record_bytes(part(id).id); }
uint64_t Joined::max_record_bytes() const { return std::max(first_->max_record_bytes(), second_->max_record_bytes()); }
bool Joined::verified(uint64_t id) const { return part(id).data.verified(part(id).id); }
Location Joined::locate(uint64_t id) const { return part(id).data.locate(part(id).id); }
std::string Joined::name(uint64_t id) const { return part(id).data.name(part(id).id); }
std::optional<uint64_t> Joined::stored_checksum(uint64_t id) const {
  return part(id).data.stored_checksum(part(id).id);
}

int64_t Joined::label(uint64_t id) const {
  const Part at = part(id);
  const int64_t own = at.data.label(at.id);
  return own < 0 || at.labels.empty() ? own : at.labels[static_cast<size_t>(own)];
}

namespace {

// Rows [from, ...) of a larger intake, with labels put right.
class PartIntake final : public Intake {
 public:
  PartIntake(Intake& outer, size_t from, size_t count) : outer_(outer), from_(from), count_(count) {}
  size_t count() const override { return count_; }
  std::byte* row(size_t field, size_t i) override { return outer_.row(field, from_ + i); }
  std::byte* rows(size_t field, size_t i, size_t rows) override { return outer_.rows(field, from_ + i, rows); }
  void lend(size_t field, size_t i, std::span<const std::byte> bytes) override { outer_.lend(field, from_ + i, bytes); }
  void absent(size_t field, size_t i) override { outer_.absent(field, from_ + i); }
  void reject(size_t i, std::string reason) override { outer_.reject(from_ + i, std::move(reason)); }

 private:
  Intake& outer_;
  size_t from_;
  size_t count_;
};

}  // namespace

void Joined::read(std::span<const uint64_t> ids, Intake& out) const {
  for (size_t from = 0; from < ids.size();) {
    const bool is_first = ids[from] < first_->size();
    std::vector<uint64_t> inner;
    while (from + inner.size() < ids.size() && (ids[from + inner.size()] < first_->size()) == is_first) {
      inner.push_back(part(ids[from + inner.size()]).id);
    }
    PartIntake intake(out, from, inner.size());
    (is_first ? *first_ : *second_).read(inner, intake);
    for (size_t i = 0; i < inner.size(); ++i) {
      const int64_t right = label(ids[from + i]);
      if (std::byte* row = intake.row(kLabelField, i))
        std::copy_n(reinterpret_cast<const std::byte*>(&right), sizeof right, row);
    }
    from += inner.size();
  }
}

}  // namespace penstock
