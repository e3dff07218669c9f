#include "stages/table/encoded_table.h"

#include <algorithm>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "stages/table/row_reader.h"
#include "stages/table/row_walk.h"

namespace penstock::table {
namespace {

bool are_neighbours(std::span<const uint32_t> places) {
  for (size_t i = 1; i < places.size(); ++i)
    if (places[i] != places[i - 1] + 1) return false;
  return true;
}

}  // namespace

EncodedTable::EncodedTable(std::shared_ptr<const io::Table> table, RowSet rows, std::shared_ptr<const Fitted> fitted,
                           EncodedOptions options)
    : table_(std::move(table)),
      rows_(std::move(rows)),
      pieces_(*table_, rows_),
      fitted_(std::move(fitted)),
      options_(options),
      encoder_(*fitted_, table_->schema(), table_->path(),
               {.training = options.training, .needs_target = options.needs_target}),
      unknown_(fitted_->cat_width()),
      infinite_(fitted_->numbers.size()),
      counted_(table_->pieces()) {
  if (!rows_.runs().empty() && rows_.runs().back().last > table_->rows())
    throw Error(Code::kUsage, "'" + table_->path() + "' has " + std::to_string(table_->rows()) + " rows, and row " +
                                  std::to_string(rows_.runs().back().last - 1) + " is asked for");
  if (const size_t width = fitted_->cat_width(); width > 0) {
    cat_field_ = schema_.size();
    schema_.add(Field::fixed("cat", DType::kI32, {static_cast<int64_t>(width)}));
  }
  if (const size_t width = fitted_->cont_width(); width > 0) {
    cont_field_ = schema_.size();
    schema_.add(Field::fixed("cont", DType::kF32, {static_cast<int64_t>(width)}));
  }
  const TargetFit& target = fitted_->target;
  target_field_ = schema_.size();
  schema_.add(target.task == Task::kClasses ? Field::fixed("label", DType::kI64) : Field::fixed("target", DType::kF32));
  for (const CountedValue& value : target.classes) classes_.push_back(value.text);

  for (const CategoryFit& category : fitted_->categories)
    if (category.coded) fields_.categories.push_back({fitted_->source[category.source].name, category.cardinality()});
  fields_.numbers = fitted_->cont_names();
  fields_.target = fitted_->source[target.source].name;
  fields_.task = target.task;
  fields_.transform = target.transform();
  fingerprint_ = io::Checksum()
                     .add("table")
                     .add(table_->fingerprint())
                     .add(rows_.digest())
                     .add(fitted_->digest())
                     .add(uint64_t{options_.training})
                     .value();
}

EncodedTable::~EncodedTable() = default;

uint64_t EncodedTable::resident_bytes() const {
  return table_->resident_bytes() + rows_.bytes() + pieces_.bytes() + fitted_->bytes() + encoder_.bytes() +
         labels_.size() * sizeof(int32_t);
}

uint64_t EncodedTable::state() const { return io::Checksum().add(fingerprint_).add(table_->state()).value(); }

RowsOut EncodedTable::at_row(RowsOut out, size_t row) const {
  if (out.cat != nullptr) out.cat += row * fitted_->cat_width();
  if (out.cont != nullptr) out.cont += row * fitted_->cont_width();
  if (out.target != nullptr) out.target += row;
  if (out.label != nullptr) out.label += row;
  return out;
}

RowsOut EncodedTable::places_of(Intake& intake) const {
  RowsOut out;
  if (intake.count() == 0) return out;
  if (cat_field_ != Schema::npos) out.cat = reinterpret_cast<int32_t*>(intake.row(cat_field_, 0));
  if (cont_field_ != Schema::npos) out.cont = reinterpret_cast<float*>(intake.row(cont_field_, 0));
  std::byte* target = intake.row(target_field_, 0);
  if (fitted_->target.task == Task::kClasses)
    out.label = reinterpret_cast<int64_t*>(target);
  else
    out.target = reinterpret_cast<float*>(target);
  return out;
}

void EncodedTable::encode(const io::RawRows& raw, std::span<const uint64_t> rows, std::span<const uint32_t> places,
                          const RowsOut& out, Encoder::Refused& refused, Encoder::Scratch& scratch, bool counts) const {
  Encoder::Refused some_refused, unlearnt;
  const std::span<const io::StoredColumn> stored = raw.stored();
  const bool narrow = encoder_.takes(stored);
  for (size_t from = 0; from < rows.size(); from += kDecodeRows) {
    const size_t count = std::min(kDecodeRows, rows.size() - from);
    const std::span<const uint64_t> some = rows.subspan(from, count);
    some_refused.clear();
    std::span<const uint32_t> to = places.subspan(from, count);
    RowsOut first = out;
    if (are_neighbours(to)) {  // then they are written where they belong
      first = at_row(out, to.front());
      to = {};
    }
    if (narrow) {
      encoder_.encode(stored, tile_of(raw.first(), some, scratch.picked), to, first, some_refused, scratch);
    } else {
      decode_rows(raw, some, scratch.block);
      for (const io::BadRow& bad : scratch.block.bad)  // what stands there is no value, so none that is unknown
        for (io::ColumnBlock& column : scratch.block.columns) {
          column.missing.resize(scratch.block.rows);
          column.missing[bad.row] = 1;
        }
      encoder_.encode(scratch.block, some, to, first, some_refused, scratch);
    }
    const size_t named = narrow ? 0 : scratch.block.bad.size();  // reasons of bad rows say where they are
    for (size_t i = 0; i < some_refused.size(); ++i) {
      auto& [row, reason] = some_refused[i];
      if (i < named)
        refused.emplace_back(places[from + row], std::move(reason));
      else if (named == 0 || !std::ranges::binary_search(scratch.block.bad, row, {}, &io::BadRow::row))
        unlearnt.emplace_back(from + row, std::move(reason));
    }
  }
  name_unlearnt(raw, rows, unlearnt, places, refused);
  if (counts) encoded_ += rows.size();
  const auto add = [counts](std::vector<uint64_t>& found, std::vector<std::atomic<uint64_t>>& sums) {
    for (size_t c = 0; c < found.size(); ++c) {
      if (counts && found[c] > 0) sums[c] += found[c];
      found[c] = 0;
    }
  };
  add(scratch.unknown, unknown_);
  add(scratch.infinite, infinite_);
}

/// Rows without a target that can be learnt, each by its place in `rows`, and named as people find it.
void EncodedTable::name_unlearnt(const io::RawRows& raw, std::span<const uint64_t> rows,
                                 const Encoder::Refused& unlearnt, std::span<const uint32_t> places,
                                 Encoder::Refused& refused) const {
  std::vector<size_t> in_piece;
  for (const auto& [row, reason] : unlearnt) in_piece.push_back(static_cast<size_t>(rows[row] - raw.first()));
  const std::vector<std::string> lines = raw.places(in_piece);
  for (size_t i = 0; i < unlearnt.size(); ++i) {
    const auto& [row, reason] = unlearnt[i];
    const std::string where =
        lines.empty() ? "row " + std::to_string(rows[row] + 1) + " of " + path() + " (the first is 1)" : lines[i];
    refused.emplace_back(places[row], where + ": " + reason);
  }
}

void EncodedTable::encode_records(const io::RawRows& raw, std::span<const uint64_t> ids,
                                  std::span<const uint32_t> places, const RowsOut& out, Encoder::Refused& refused,
                                  Encoder::Scratch& scratch) const {
  std::vector<uint32_t> sorted(places.begin(), places.end());
  const auto by_id = [&](uint32_t place) { return ids[place]; };
  if (!std::ranges::is_sorted(sorted, {}, by_id)) std::ranges::sort(sorted, {}, by_id);
  std::vector<uint64_t> rows;
  rows.reserve(sorted.size());
  for (size_t i = 0; i < sorted.size();) {
    size_t run = 1;
    while (i + run < sorted.size() && ids[sorted[i + run]] == ids[sorted[i]] + run) ++run;
    rows_.append(ids[sorted[i]], ids[sorted[i]] + run, rows);
    i += run;
  }
  encode(raw, rows, sorted, out, refused, scratch);
}

void EncodedTable::read(std::span<const uint64_t> ids, Intake& out) const {
  const RowsOut places = places_of(out);
  Encoder::Refused refused;
  Encoder::Scratch scratch;
  pieces_.by_piece(ids, [&](uint64_t piece, std::span<const uint32_t> at) {
    encode_records(*table_->fetch(piece, encoder_.columns()), ids, at, places, refused, scratch);
  });
  for (auto& [place, reason] : refused) out.reject(place, std::move(reason));
}

std::unique_ptr<Reader> EncodedTable::start(const Journey& journey, Budgets& budgets) const {
  std::unique_ptr<KeptPieces> kept = take_kept();
  if (!kept) {  // else its rows are not looked at again
    encoded_ = 0;
    for (auto& count : unknown_) count = 0;
    for (auto& count : infinite_) count = 0;
    for (auto& counted : counted_) counted = false;
  }
  return std::make_unique<RowReader>(*this, journey, budgets, std::move(kept));
}

std::unique_ptr<KeptPieces> EncodedTable::take_kept() const {
  const std::lock_guard lock(kept_mutex_);
  return std::move(kept_);
}

void EncodedTable::let_go() const { take_kept(); }

void EncodedTable::keep(std::unique_ptr<KeptPieces> pieces) const {
  const std::lock_guard lock(kept_mutex_);
  if (!kept_) kept_ = std::move(pieces);
}

uint64_t EncodedTable::least_bytes(const Journey& journey) const { return RowReader::least_bytes(*this, journey); }

int64_t EncodedTable::label(uint64_t id) const {
  if (fitted_->target.task == Task::kRegression) return -1;
  std::call_once(labelled_, [this] { read_labels(); });
  return labels_[id];
}

void EncodedTable::read_labels() const {
  const std::string& name = fitted_->source[fitted_->target.source].name;
  labels_.assign(size(), -1);
  const size_t column = table_->schema().index_of(name);
  if (column == io::TableSchema::npos) return;
  const TargetRule rule(fitted_->target, name, false);
  const size_t columns[] = {column};
  std::shared_ptr<const io::RawRows> last;
  io::TableBlock block;
  std::string reason;
  uint64_t id = 0;
  for (uint64_t first = 0; first < size(); first += 65536) {
    for (const RowPart& part : fetch_rows(*table_, columns, rows_, first, std::min(size(), first + 65536), last)) {
      each_block(part, block, [&](const io::TableBlock& rows, std::span<const uint64_t>) {
        for (size_t i = 0; i < rows.rows; ++i, ++id) {
          const double value = rule.value(rows.columns[0], i, reason);
          if (value >= 0) labels_[id] = static_cast<int32_t>(value);
        }
        for (const io::BadRow& bad : rows.bad) labels_[id - rows.rows + bad.row] = -1;
      });
    }
  }
}

std::vector<std::string> EncodedTable::notes() const {
  std::vector<std::string> out;
  for (size_t c = 0; c < unknown_.size(); ++c)
    if (const uint64_t count = unknown_[c]; count > 0)
      out.push_back("column '" + fields_.categories[c].name + "': " + std::to_string(count) + " of " +
                    std::to_string(encoded_) + " values read are not in the vocabulary and count as unknown");
  for (size_t n = 0; n < infinite_.size(); ++n)
    if (const uint64_t count = infinite_[n]; count > 0)
      out.push_back("column '" + fitted_->source[fitted_->numbers[n].source].name + "': " + std::to_string(count) +
                    " of " + std::to_string(encoded_) + " values read are infinite and count as missing");
  return out;
}

}  // namespace penstock::table
