#include "stages/table/with_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "stages/table/row_walk.h"

namespace penstock::table {
namespace {

constexpr uint64_t kNone = UINT64_MAX;

std::string key_of(const std::string& name, KeyOf what) {
  if (what == KeyOf::kName) return name;
  const std::string file = name.substr(name.rfind('/') + 1);
  return what == KeyOf::kFile ? file : file.substr(0, file.rfind('.'));
}

/// Rows as an EncodedTable gives them, and which of them it refuses.
class RowIntake final : public Intake {
 public:
  RowIntake(const EncodedTable& rows, size_t count)
      : cat(count * rows.fitted().cat_width()),
        cont(count * rows.fitted().cont_width()),
        target(count),
        label(count),
        refused(count),
        count_(count),
        fields_(rows.schema()) {}
  size_t count() const override { return count_; }
  std::byte* row(size_t field, size_t i) override {
    const Field& of = fields_.fields()[field];
    std::byte* first = of.name == "cat"      ? reinterpret_cast<std::byte*>(cat.data())
                       : of.name == "cont"   ? reinterpret_cast<std::byte*>(cont.data())
                       : of.name == "target" ? reinterpret_cast<std::byte*>(target.data())
                                             : reinterpret_cast<std::byte*>(label.data());
    return first + i * of.row_bytes();
  }
  std::byte* rows(size_t, size_t, size_t) override { return nullptr; }
  void lend(size_t, size_t, std::span<const std::byte>) override {}
  void absent(size_t, size_t) override {}
  void reject(size_t i, std::string) override { refused[i] = 1; }

  std::vector<int32_t> cat;
  std::vector<float> cont, target;
  std::vector<int64_t> label;
  std::vector<uint8_t> refused;

 private:
  size_t count_;
  const Schema& fields_;
};

}  // namespace

WithRows::WithRows(std::shared_ptr<const io::Dataset> pictures, const EncodedTable& rows,
                   const WithRowsOptions& options)
    : pictures_(std::move(pictures)),
      schema_(pictures_->schema()),
      fields_(*rows.table_fields()),
      classes_(rows.class_names()),
      cat_width_(rows.fitted().cat_width()),
      cont_width_(rows.fitted().cont_width()) {
  for (const Field& field : rows.schema().fields()) {
    if (field.name == "label") continue;  // stands in the picture's
    (field.name == "cat" ? cat_field_ : field.name == "cont" ? cont_field_ : target_field_) = schema_.size();
    schema_.add(field);
  }
  match(rows, options);
  io::Checksum sum;
  sum.add("with rows")
      .add(pictures_->fingerprint())
      .add(rows.fingerprint())
      .add(std::as_bytes(std::span(pictures_of_)));
  fingerprint_ = sum.value();
}

void WithRows::match(const EncodedTable& rows, const WithRowsOptions& options) {
  const io::Table& table = rows.table();
  const size_t columns[] = {table.schema().require(options.key, "the key of pictures and rows", table.path())};
  std::unordered_map<std::string, uint64_t> row_of_key;
  std::unordered_map<std::string, bool> twice;
  std::shared_ptr<const io::RawRows> last;
  io::TableBlock block;
  uint64_t id = 0;
  for (uint64_t first = 0; first < rows.size(); first += 65536)
    for (const RowPart& part :
         fetch_rows(table, columns, rows.rows(), first, std::min(rows.size(), first + 65536), last))
      each_block(part, block, [&](const io::TableBlock& cells, std::span<const uint64_t>) {
        for (size_t i = 0; i < cells.rows; ++i, ++id) {
          const std::string key = cell_text(cells.columns[0], i);
          if (key.empty() || row_of_key.emplace(key, id).second) continue;
          twice[key] = true;
          if (options.twice == Twice::kFail)
            throw Error(Code::kData, "rows " + std::to_string(rows.rows().row(row_of_key[key])) + " and " +
                                         std::to_string(rows.rows().row(id)) + " of '" + table.path() +
                                         "' have the same key '" + key + "'")
                .hint("leave one of them out, or take the first of each key (Twice::kFirst)");
        }
      });
  counts_.keys_twice = twice.size();

  std::vector<uint64_t> row_of(pictures_->size(), kNone);
  std::vector<uint8_t> used(rows.size(), 0);
  for (uint64_t picture = 0; picture < pictures_->size(); ++picture) {
    const auto found = row_of_key.find(key_of(pictures_->name(picture), options.key_of));
    if (found == row_of_key.end()) continue;
    row_of[picture] = found->second;
    used[found->second] = 1;
  }
  counts_.rows_without_picture = static_cast<uint64_t>(std::ranges::count(used, 0));
  encode(rows, std::move(row_of), options.no_row);
  if (pictures_of_.empty())
    throw Error(Code::kData, "no picture of '" + pictures_->path() + "' has a row in '" + table.path() + "'")
        .hint("the first picture's key is '" +
              (pictures_->size() > 0 ? key_of(pictures_->name(0), options.key_of) : std::string()) + "', column '" +
              options.key + "' has others: is it the right column, with or without ending?");
}

// Picture by picture, so that rows come to lie in the order of the ids.
void WithRows::encode(const EncodedTable& rows, std::vector<uint64_t> row_of, NoRow no_row) {
  constexpr uint64_t kAtOnce = 4096;
  const bool classes = rows.fitted().target.task == Task::kClasses;
  const auto lacks = [&](uint64_t picture, const std::string& why) {
    if (no_row == NoRow::kFail)
      throw Error(Code::kData, "picture '" + pictures_->name(picture) + "' " + why + " '" + rows.path() + "'")
          .hint("add it, or leave such pictures out (NoRow::kLeaveOut)");
    ++counts_.pictures_without_row;
  };
  for (uint64_t first = 0; first < row_of.size(); first += kAtOnce) {
    std::vector<uint64_t> pictures, ids;
    for (uint64_t picture = first; picture < std::min<uint64_t>(row_of.size(), first + kAtOnce); ++picture) {
      if (row_of[picture] == kNone) {
        lacks(picture, "has no row in");
        continue;
      }
      pictures.push_back(picture);
      ids.push_back(row_of[picture]);
    }
    RowIntake intake(rows, ids.size());
    rows.read(ids, intake);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (intake.refused[i] != 0) {
        ++counts_.rows_refused;
        lacks(pictures[i], "has a row that cannot be used in");
        continue;
      }
      pictures_of_.push_back(pictures[i]);
      cat_.insert(cat_.end(), &intake.cat[i * cat_width_], &intake.cat[i * cat_width_] + cat_width_);
      cont_.insert(cont_.end(), &intake.cont[i * cont_width_], &intake.cont[i * cont_width_] + cont_width_);
      if (classes)
        labels_.push_back(intake.label[i]);
      else
        target_.push_back(intake.target[i]);
    }
  }
  counts_.matched = pictures_of_.size();
}

uint64_t WithRows::resident_bytes() const {
  return pictures_->resident_bytes() + (pictures_of_.size() + labels_.size()) * sizeof(uint64_t) +
         (cat_.size() + cont_.size() + target_.size()) * sizeof(float);
}

uint64_t WithRows::state() const { return io::Checksum().add(fingerprint_).add(pictures_->state()).value(); }

std::vector<uint64_t> WithRows::inner(std::span<const uint64_t> ids) const {
  std::vector<uint64_t> out(ids.size());
  std::ranges::transform(ids, out.begin(), [&](uint64_t id) { return pictures_of_[id]; });
  return out;
}

void WithRows::fill_row(uint64_t id, size_t i, Intake& out) const {
  const auto put = [&](size_t field, const void* from, size_t bytes) {
    if (field == Schema::npos) return;
    if (std::byte* to = out.row(field, i)) std::memcpy(to, from, bytes);
  };
  put(cat_field_, cat_.data() + id * cat_width_, cat_width_ * sizeof(int32_t));
  put(cont_field_, cont_.data() + id * cont_width_, cont_width_ * sizeof(float));
  if (!labels_.empty())
    put(kLabelField, &labels_[id], sizeof(int64_t));
  else
    put(target_field_, &target_[id], sizeof(float));
}

void WithRows::read(std::span<const uint64_t> ids, Intake& out) const {
  pictures_->read(inner(ids), out);
  for (size_t i = 0; i < ids.size(); ++i) fill_row(ids[i], i, out);
}

void WithRows::fill(uint64_t id, size_t i, Intake& out) const {
  pictures_->fill(pictures_of_[id], i, out);
  fill_row(id, i, out);
}

void WithRows::extents(std::span<const uint64_t> ids, std::span<io::Extent> out) const {
  pictures_->extents(inner(ids), out);
}

std::vector<std::string> WithRows::notes() const {
  std::vector<std::string> out = pictures_->notes();
  if (counts_.pictures_without_row > 0)
    out.push_back(std::to_string(counts_.pictures_without_row) +
                  " pictures have no row that can be used and are left out");
  if (counts_.rows_without_picture > 0)
    out.push_back(std::to_string(counts_.rows_without_picture) + " rows have no picture");
  if (counts_.keys_twice > 0)
    out.push_back(std::to_string(counts_.keys_twice) + " keys stand in several rows: the first of each is taken");
  return out;
}

}  // namespace penstock::table
