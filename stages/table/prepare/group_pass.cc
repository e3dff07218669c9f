#include "stages/table/prepare/group_pass.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "stages/table/prepare/small_table.h"

namespace penstock::table {
namespace {

constexpr size_t kTime = 2, kRow = 3, kHas = 4, kValues = 5;
constexpr uint64_t kSign = uint64_t{1} << 63;

// Order of int64_t kept in unsigned words, and back.
uint64_t word_of(int64_t time) { return static_cast<uint64_t>(time) ^ kSign; }
int64_t time_of(uint64_t word) { return static_cast<int64_t>(word ^ kSign); }

// Steps of one pass: a bit each says who has a value, and one for each column made says what is missing.
constexpr size_t kMostColumns = 64;

}  // namespace

std::vector<std::vector<const GroupStep*>> together(const std::vector<const GroupStep*>& steps) {
  std::vector<std::vector<const GroupStep*>> passes;
  for (const GroupStep* step : steps) {
    const auto fits = std::find_if(passes.begin(), passes.end(), [&](const std::vector<const GroupStep*>& pass) {
      size_t made = step->makes().size();
      for (const GroupStep* other : pass) made += other->makes().size();
      const GroupStep& other = *pass.front();
      return other.by() == step->by() && other.time() == step->time() && other.backwards() == step->backwards() &&
             made <= kMostColumns;
    });
    if (fits == passes.end()) {
      passes.push_back({step});
    } else {
      fits->push_back(step);
    }
  }
  return passes;
}

GroupPass::GroupPass(std::vector<const GroupStep*> steps, Options options)
    : steps_(std::move(steps)), backwards_(steps_.front()->backwards()), options_(std::move(options)) {
  for (const GroupStep* step : steps_) made_ += step->makes().size();
  PENSTOCK_CHECK(made_ <= kMostColumns);
  rows_ = std::make_unique<RecordSorter>(RecordSorter::Options{.words = words(),
                                                               .key_words = 4,
                                                               .memory_bytes = options_.memory_bytes,
                                                               .folder = options_.folder,
                                                               .name = options_.name + "-rows",
                                                               .fs = options_.fs});
}

GroupRecords GroupPass::records_of(const Frame& frame) const {
  GroupRecords out;
  out.words.reserve(frame.rows * words());
  const GroupStep& first = *steps_.front();
  std::string key;
  for (size_t row = 0; row < frame.rows; ++row) {
    if (frame.dropped[row]) continue;
    const io::ColumnBlock& times = frame.columns[first.time()];
    if (times.is_missing(row) || std::any_of(first.by().begin(), first.by().end(),
                                             [&](size_t c) { return missing_at(frame.columns[c], row); })) {
      ++out.no_key;
      continue;
    }
    key.clear();
    for (const size_t c : first.by()) add_key(frame.columns[c], row, key);
    const uint64_t low = io::checksum(key);
    key += "group";  // other bytes, another sum
    // Backwards: ~t is -t - 1, in the same order.
    const int64_t time = times.ints[row];
    out.words.insert(out.words.end(), {low, io::checksum(key), word_of(backwards_ ? ~time : time), frame.first + row, 0});
    const size_t has = out.words.size() - 1;
    for (size_t i = 0; i < steps_.size(); ++i) {
      uint64_t value = 0;
      if (steps_[i]->value_of(frame, row, value)) out.words[has] |= uint64_t{1} << i;
      out.words.push_back(value);
    }
  }
  return out;
}

void GroupPass::add(const GroupRecords& records) {
  const std::span<const uint64_t> all(records.words);
  for (size_t at = 0; at < all.size(); at += words()) rows_->add(all.subspan(at, words()));
  no_key_ += records.no_key;
}

void GroupPass::work() {
  rows_->sort();
  results_ = std::make_unique<RecordSorter>(RecordSorter::Options{.words = 2 + made_,
                                                                  .key_words = 1,
                                                                  .memory_bytes = options_.memory_bytes,
                                                                  .folder = options_.folder,
                                                                  .name = options_.name + "-results",
                                                                  .fs = options_.fs});
  std::vector<std::unique_ptr<GroupStep::State>> states;
  for (const GroupStep* step : steps_) states.push_back(step->make_state());
  uint64_t group[2] = {};
  bool any = false;
  std::vector<uint64_t> result(2 + made_);
  const auto missing = std::make_unique<bool[]>(made_);
  while (const uint64_t* record = rows_->next()) {
    if (!any || record[0] != group[0] || record[1] != group[1]) {
      for (const auto& state : states) state->reset();
      std::copy_n(record, 2, group);
      any = true;
    }
    std::fill(result.begin(), result.end(), 0);
    std::fill_n(missing.get(), made_, false);
    result[0] = record[kRow];
    size_t column = 0;
    for (size_t i = 0; i < steps_.size(); ++i) {
      states[i]->next(time_of(record[kTime]), (record[kHas] >> i & 1) != 0, record[kValues + i], &result[2 + column],
                      &missing[column]);
      column += steps_[i]->makes().size();
    }
    for (size_t c = 0; c < made_; ++c) result[1] |= uint64_t{missing[c]} << c;
    results_->add(result);
  }
  spilled_bytes_ = rows_->spilled_bytes();
  rows_.reset();
  results_->sort();
  ahead_ = results_->next();
}

void GroupPass::fill(Frame& frame) {
  std::vector<io::ColumnBlock*> columns;
  for (const GroupStep* step : steps_)
    for (const size_t made : step->makes()) {
      io::ColumnBlock& column = frame.columns[made];
      column = made_column(column.type, frame.rows);
      columns.push_back(&column);
    }
  while (ahead_ != nullptr && ahead_[0] < frame.first) ahead_ = results_->next();
  for (size_t row = 0; row < frame.rows; ++row) {
    const bool there = ahead_ != nullptr && ahead_[0] == frame.first + row;
    for (size_t c = 0; c < made_; ++c) {
      if (!there || (ahead_[1] >> c & 1) != 0) {
        set_missing(*columns[c], row);
      } else if (columns[c]->type == io::ColumnType::kReal) {
        columns[c]->reals[row] = std::bit_cast<double>(ahead_[2 + c]);
      } else {
        columns[c]->ints[row] = static_cast<int64_t>(ahead_[2 + c]);
      }
    }
    if (there) ahead_ = results_->next();
  }
}

}  // namespace penstock::table
