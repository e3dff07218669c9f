#include "stages/table/split.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <optional>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "stages/table/prepare/group_steps.h"
#include "stages/table/prepare/small_table.h"

namespace penstock::table {
namespace {

constexpr std::string_view kWho = "data.val";

using EachRow = std::function<void(uint64_t row, const io::TableBlock& block, size_t at)>;

// Every row that can be read.
void each_row(const io::Table& table, const std::vector<size_t>& columns, const EachRow& body) {
  constexpr size_t kRows = 65536;
  io::TableBlock block;
  for (uint64_t piece = 0; piece < table.pieces(); ++piece) {
    const auto raw = table.fetch(piece, columns);
    for (size_t from = 0; from < raw->count(); from += kRows) {
      raw->decode(from, std::min(kRows, raw->count() - from), block);
      auto bad = block.bad.begin();
      for (size_t at = 0; at < block.rows; ++at) {
        if (bad != block.bad.end() && bad->row == at) {
          ++bad;
        } else {
          body(raw->first() + from + at, block, at);
        }
      }
    }
  }
}

void by_time(const io::Table& table, const SplitSpec& spec, RowSplit& split) {
  const std::vector<size_t> column = {table.schema().require(spec.columns.at(0), kWho, table.path())};
  const io::ColumnType type = table.schema().columns()[column[0]].type;
  if (!is_whole(type) || type == io::ColumnType::kBool)
    throw Error(Code::kUsage, std::string(kWho) + " wants a date, time or int, and column '" + spec.columns[0] +
                                  "' is " + std::string(io::name_of(type)));
  const int64_t span = units_of(spec.last, type, 1, "last", kWho);
  std::optional<int64_t> latest;
  each_row(table, column, [&](uint64_t, const io::TableBlock& block, size_t at) {
    const io::ColumnBlock& times = block.columns[0];
    if (!times.is_missing(at) && (!latest || times.ints[at] > *latest)) latest = times.ints[at];
  });
  each_row(table, column, [&](uint64_t row, const io::TableBlock& block, size_t at) {
    const io::ColumnBlock& times = block.columns[0];
    const bool late = latest && !times.is_missing(at) &&
                      static_cast<uint64_t>(*latest) - static_cast<uint64_t>(times.ints[at]) < static_cast<uint64_t>(span);
    (late ? split.val : split.train).insert(row);
  });
}

void by_value(const io::Table& table, const SplitSpec& spec, uint64_t seed, RowSplit& split) {
  std::vector<size_t> columns;
  for (const std::string& name : spec.columns) columns.push_back(table.schema().require(name, kWho, table.path()));
  // The hash is uniform over 64 bits: what lies below the share of them is chosen.
  const auto limit = static_cast<uint64_t>(std::ldexp(spec.fraction, 63)) * 2;
  std::string key;
  each_row(table, columns, [&](uint64_t row, const io::TableBlock& block, size_t at) {
    key.assign(reinterpret_cast<const char*>(&seed), sizeof seed);
    for (const io::ColumnBlock& column : block.columns) {
      const bool missing = missing_at(column, at);
      key += missing ? '\1' : '\0';
      if (!missing) add_key(column, at, key);
    }
    (io::checksum(key) < limit ? split.val : split.train).insert(row);
  });
}

}  // namespace

uint64_t RowSet::count() const {
  uint64_t all = 0;
  for (const uint64_t word : bits_) all += static_cast<uint64_t>(std::popcount(word));
  return all;
}

std::vector<uint64_t> RowSet::ids() const {
  std::vector<uint64_t> all;
  all.reserve(count());
  for (uint64_t w = 0; w < bits_.size(); ++w)
    for (uint64_t word = bits_[w]; word != 0; word &= word - 1)
      all.push_back(w * 64 + static_cast<uint64_t>(std::countr_zero(word)));
  return all;
}

std::vector<std::pair<uint64_t, uint64_t>> RowSet::ranges() const {
  std::vector<std::pair<uint64_t, uint64_t>> all;
  for (uint64_t row = 0; row < rows_; ++row) {
    if (!has(row)) continue;
    if (!all.empty() && all.back().first + all.back().second == row) {
      ++all.back().second;
    } else {
      all.emplace_back(row, 1);
    }
  }
  return all;
}

RowSet RowSet::others() const {
  RowSet out(rows_);
  for (uint64_t row = 0; row < rows_; ++row)
    if (!has(row)) out.insert(row);
  return out;
}

RowSplit split_rows(const io::Table& table, const SplitSpec& spec, uint64_t seed) {
  if (spec.columns.empty() || (spec.by == SplitBy::kTime && spec.columns.size() != 1))
    throw Error(Code::kUsage, spec.by == SplitBy::kTime ? "data.val by time wants one column of times"
                                                        : "data.val by group or hash wants columns")
        .hint("val = { by = \"time\", column = \"Date\", last = \"42d\" }, or { by = \"group\", column = \"Store\" }");
  RowSplit split{RowSet(table.rows()), RowSet(table.rows())};
  if (spec.by == SplitBy::kTime) {
    by_time(table, spec, split);
  } else {
    by_value(table, spec, seed, split);
  }
  const uint64_t train = split.train.count(), val = split.val.count();
  if (train == 0 || val == 0)
    throw Error(Code::kUsage, "data.val leaves " + std::to_string(train) + " rows for training and " +
                                  std::to_string(val) + " for validation, of " + std::to_string(table.rows()))
        .hint("choose another split, or give the validation set with --val");
  return split;
}

}  // namespace penstock::table
