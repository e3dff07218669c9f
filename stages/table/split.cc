#include "stages/table/split.h"

#include <algorithm>
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

/// Rows, a bit each.
class Marks {
 public:
  explicit Marks(uint64_t rows) : bits_((rows + 63) / 64), rows_(rows) {}
  void insert(uint64_t row) { bits_[row / 64] |= uint64_t{1} << (row % 64); }
  RowSet rows() const {
    std::vector<RowSet::Run> runs;
    for (uint64_t row = 0; row < rows_; ++row) {
      if ((bits_[row / 64] >> (row % 64) & 1) == 0) continue;
      if (!runs.empty() && runs.back().last == row)
        ++runs.back().last;
      else
        runs.push_back({row, row + 1});
    }
    return RowSet(runs);
  }

 private:
  std::vector<uint64_t> bits_;
  uint64_t rows_;
};

struct Parts {
  Marks train, val;
};

using EachRow = std::function<void(uint64_t row, const io::TableBlock& block, size_t at)>;

// Every row that can be read. `unread`, where given, gets the others: training names them.
void each_row(const io::Table& table, const std::vector<size_t>& columns, const EachRow& body,
              Marks* unread = nullptr) {
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
          if (unread != nullptr) unread->insert(raw->first() + from + at);
        } else {
          body(raw->first() + from + at, block, at);
        }
      }
    }
  }
}

void by_time(const io::Table& table, const SplitSpec& spec, Parts& split) {
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
  each_row(
      table, column,
      [&](uint64_t row, const io::TableBlock& block, size_t at) {
        const io::ColumnBlock& times = block.columns[0];
        const bool late =
            latest && !times.is_missing(at) &&
            static_cast<uint64_t>(*latest) - static_cast<uint64_t>(times.ints[at]) < static_cast<uint64_t>(span);
        (late ? split.val : split.train).insert(row);
      },
      &split.train);
}

// The hash is uniform over 64 bits: what lies below the share of them is chosen.
uint64_t limit_of(double fraction) { return static_cast<uint64_t>(std::ldexp(fraction, 63)) * 2; }

void by_row(const io::Table& table, const SplitSpec& spec, uint64_t seed, Parts& split) {
  const uint64_t limit = limit_of(spec.fraction);
  for (uint64_t row = 0; row < table.rows(); ++row)
    (io::Checksum().add(seed).add(row).value() < limit ? split.val : split.train).insert(row);
}

void by_value(const io::Table& table, const SplitSpec& spec, uint64_t seed, Parts& split) {
  std::vector<size_t> columns;
  for (const std::string& name : spec.columns) columns.push_back(table.schema().require(name, kWho, table.path()));
  const uint64_t limit = limit_of(spec.fraction);
  std::string key;
  each_row(
      table, columns,
      [&](uint64_t row, const io::TableBlock& block, size_t at) {
        key.assign(reinterpret_cast<const char*>(&seed), sizeof seed);
        for (const io::ColumnBlock& column : block.columns) {
          const bool missing = missing_at(column, at);
          key += missing ? '\1' : '\0';
          if (!missing) add_key(column, at, key);
        }
        (io::checksum(key) < limit ? split.val : split.train).insert(row);
      },
      &split.train);
}

}  // namespace

RowSplit split_rows(const io::Table& table, const SplitSpec& spec, uint64_t seed) {
  if ((spec.columns.empty() && spec.by != SplitBy::kRow) || (spec.by == SplitBy::kTime && spec.columns.size() != 1))
    throw Error(Code::kUsage, spec.by == SplitBy::kTime ? "data.val by time wants one column of times"
                                                        : "data.val by group or hash wants columns")
        .hint("val = { by = \"time\", column = \"Date\", last = \"42d\" }, or { by = \"group\", column = \"Store\" }");
  Parts parts{Marks(table.rows()), Marks(table.rows())};
  switch (spec.by) {
    case SplitBy::kTime: by_time(table, spec, parts); break;
    case SplitBy::kRow: by_row(table, spec, seed, parts); break;
    default: by_value(table, spec, seed, parts);
  }
  RowSplit split{parts.train.rows(), parts.val.rows()};
  if (split.train.size() == 0 || split.val.size() == 0)
    throw Error(Code::kUsage, "of the " + std::to_string(table.rows()) + " rows there are, data.val leaves " +
                                  std::to_string(split.train.size()) + " for training and " +
                                  std::to_string(split.val.size()) + " for validation, and neither may be without")
        .hint("take more rows, choose another split, or give the validation set with --val");
  return split;
}

}  // namespace penstock::table
