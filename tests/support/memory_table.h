// A table in memory, for tests: rows given as text, pieces as small as wanted, texts or dictionary codes, faults on request.
#pragma once

#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/table/table.h"

namespace penstock::test {

/// Rows are added before the table is read. The fingerprint is of schema and cells, whatever the options say.
class MemoryTable final : public io::Table {
 public:
  struct Options {
    uint64_t piece_rows = 100;
    bool dictionary = false;      ///< text columns come as codes
    bool dictionaries = false;    ///< with one of its own for every piece, as row groups of Parquet have
    uint64_t bytes_per_row = 64;  ///< what RawRows::bytes() says
  };

  explicit MemoryTable(io::TableSchema schema) : MemoryTable(std::move(schema), Options()) {}
  MemoryTable(io::TableSchema schema, Options options)
      : schema_(std::move(schema)), options_(options), columns_(schema_.size()) {
    for (size_t c = 0; c < schema_.size(); ++c) columns_[c].type = schema_.columns()[c].type;
  }

  /// May move while nobody reads.
  struct Counter : std::atomic<uint64_t> {
    using std::atomic<uint64_t>::operator=;
    Counter() : std::atomic<uint64_t>(0) {}
    Counter(Counter&& other) noexcept : std::atomic<uint64_t>(other.load()) {}
  };

  /// "" is missing, as in CSV; numbers, dates (as days) and times (as seconds) are parsed.
  void add(const std::vector<std::string>& cells) {
    PENSTOCK_CHECK(cells.size() == columns_.size());
    for (size_t c = 0; c < cells.size(); ++c) {
      Column& column = columns_[c];
      column.missing.push_back(cells[c].empty());
      sum_.add(uint64_t{cells[c].size()}).add(cells[c]);
      if (column.type == io::ColumnType::kText) {
        column.texts.push_back(cells[c]);
      } else if (column.type == io::ColumnType::kReal) {
        column.reals.push_back(cells[c].empty() ? std::numeric_limits<double>::quiet_NaN()
                                                : std::strtod(cells[c].c_str(), nullptr));
        if (std::isnan(column.reals.back())) column.missing.back() = 1;
      } else {
        column.ints.push_back(cells[c].empty() ? 0 : std::strtoll(cells[c].c_str(), nullptr, 10));
      }
    }
    ++rows_;
  }

  /// Rows that decode() names in TableBlock::bad.
  std::map<uint64_t, std::string> bad;
  /// Called by fetch() with the piece; may throw.
  std::function<void(uint64_t)> before_fetch;
  /// Called by decode() with each row, on whatever thread; may throw.
  std::function<void(uint64_t)> before_decode;
  mutable Counter fetches;
  /// RawRows alive now, and the most there ever were.
  uint64_t held() const { return *held_; }
  uint64_t most_held() const { return *most_; }

  std::string_view format() const override { return "memory"; }
  const std::string& path() const override { return path_; }
  const io::TableSchema& schema() const override { return schema_; }
  uint64_t rows() const override { return rows_; }
  uint64_t bytes() const override { return rows_ * options_.bytes_per_row; }
  uint64_t fingerprint() const override { return io::Checksum().add(schema_.text()).add(sum_.value()).value(); }
  uint64_t state() const override { return fingerprint(); }
  uint64_t resident_bytes() const override { return 0; }
  uint64_t pieces() const override { return (rows_ + options_.piece_rows - 1) / options_.piece_rows; }
  uint64_t piece_begin(uint64_t p) const override { return std::min(rows_, p * options_.piece_rows); }
  uint64_t piece_of(uint64_t row) const override { return row / options_.piece_rows; }
  uint64_t max_piece_bytes(std::span<const size_t>) const override {
    return options_.piece_rows * options_.bytes_per_row;
  }
  Location locate(uint64_t row) const override { return {path_, row * options_.bytes_per_row, options_.bytes_per_row}; }
  std::shared_ptr<const io::RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override {
    if (before_fetch) before_fetch(piece);
    ++fetches;
    return std::make_shared<Rows>(*this, piece, columns);
  }

 private:
  struct Column {
    io::ColumnType type = io::ColumnType::kText;
    std::vector<int64_t> ints;
    std::vector<double> reals;
    std::deque<std::string> texts;
    std::vector<uint8_t> missing;
  };

  class Rows final : public io::RawRows {
   public:
    Rows(const MemoryTable& table, uint64_t piece, std::span<const size_t> columns)
        : table_(table),
          piece_(piece),
          first_(table.piece_begin(piece)),
          count_(table.piece_begin(piece + 1) - first_),
          columns_(columns.begin(), columns.end()),
          held_(table.held_) {
      const uint64_t now = ++*held_;
      uint64_t most = *table.most_;
      while (now > most && !table.most_->compare_exchange_weak(most, now)) {}
    }
    ~Rows() override { --*held_; }
    uint64_t first() const override { return first_; }
    size_t count() const override { return count_; }
    uint64_t bytes() const override { return count_ * table_.options_.bytes_per_row; }
    void decode(size_t from, size_t count, io::TableBlock& out) const override {
      std::vector<uint32_t> rows(count);
      for (size_t i = 0; i < count; ++i) rows[i] = static_cast<uint32_t>(from + i);
      decode(rows, out);
    }
    void decode(std::span<const uint32_t> rows, io::TableBlock& out) const override {
      if (table_.before_decode)
        for (const uint32_t row : rows) table_.before_decode(first_ + row);
      out.rows = rows.size();
      out.bad.clear();
      out.columns.resize(columns_.size());
      for (size_t c = 0; c < columns_.size(); ++c) fill(rows, columns_[c], out.columns[c]);
      for (size_t i = 0; i < rows.size(); ++i)
        if (const auto it = table_.bad.find(first_ + rows[i]); it != table_.bad.end())
          out.bad.push_back({i, it->second});
    }

   private:
    void fill(std::span<const uint32_t> rows, size_t place, io::ColumnBlock& out) const {
      const Column& column = table_.columns_[place];
      out.clear();
      out.type = column.type;
      out.dictionary = nullptr;
      const bool text = column.type == io::ColumnType::kText;
      std::map<std::string_view, uint32_t> codes;
      if (text && (table_.options_.dictionary || table_.options_.dictionaries)) {
        out.dictionary = table_.dictionary(place, piece_);
        for (uint32_t k = 0; k < out.dictionary->size(); ++k) codes.emplace((*out.dictionary)[k], k);
      }
      bool any = false;
      for (const uint32_t row : rows) {
        const uint64_t at = first_ + row;
        any = any || column.missing[at] != 0;
        if (out.dictionary)
          out.codes.push_back(codes.at(column.texts[at]));
        else if (text)
          out.texts.push_back(column.texts[at]);
        else if (column.type == io::ColumnType::kReal)
          out.reals.push_back(column.reals[at]);
        else
          out.ints.push_back(column.ints[at]);
      }
      if (any)
        for (const uint32_t row : rows) out.missing.push_back(column.missing[first_ + row]);
    }
    const MemoryTable& table_;
    uint64_t piece_, first_, count_;
    std::vector<size_t> columns_;
    std::shared_ptr<std::atomic<uint64_t>> held_;
  };

  using Dictionary = std::shared_ptr<const std::vector<std::string>>;
  Dictionary dictionary(size_t column, uint64_t piece) const {
    const std::lock_guard lock(*mutex_);
    Dictionary& kept = made_[{column, options_.dictionaries ? piece : 0}];
    if (kept) return kept;
    const uint64_t first = options_.dictionaries ? piece_begin(piece) : 0;
    const uint64_t last = options_.dictionaries ? piece_begin(piece + 1) : rows_;
    std::map<std::string, bool> texts{{"", true}};
    for (uint64_t row = first; row < last; ++row) texts[columns_[column].texts[row]] = true;
    std::vector<std::string> list;
    for (const auto& [text, there] : texts) list.push_back(text);
    std::swap(list.front(), list.back());  // no order may be taken for granted
    return kept = std::make_shared<const std::vector<std::string>>(std::move(list));
  }

  io::TableSchema schema_;
  Options options_;
  std::string path_ = "memory";
  std::vector<Column> columns_;
  uint64_t rows_ = 0;
  io::Checksum sum_;
  std::shared_ptr<std::mutex> mutex_ = std::make_shared<std::mutex>();
  mutable std::map<std::pair<size_t, uint64_t>, Dictionary> made_;
  std::shared_ptr<std::atomic<uint64_t>> held_ = std::make_shared<std::atomic<uint64_t>>(0);
  std::shared_ptr<std::atomic<uint64_t>> most_ = std::make_shared<std::atomic<uint64_t>>(0);
};

}  // namespace penstock::test
