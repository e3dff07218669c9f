#include "io/table/packed/column_piece.h"

#include <cmath>
#include <limits>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

constexpr uint32_t kUnknown = std::numeric_limits<uint32_t>::max();

template <class T>
void extend(std::vector<T>& into, const std::vector<T>& from, size_t begin, size_t end) {
  into.insert(into.end(), from.begin() + static_cast<ptrdiff_t>(begin), from.begin() + static_cast<ptrdiff_t>(end));
}

}  // namespace

void ColumnPiece::append(const ColumnBlock& column, size_t from, size_t to) {
  PENSTOCK_CHECK(column.type == piece_.type);
  const bool is_real = column.type == ColumnType::kReal;
  const auto is_missing = [&](size_t row) {
    return column.is_missing(row) || (is_real && std::isnan(column.reals[row]));
  };
  bool any = false;
  for (size_t i = from; i < to && (is_real || !column.missing.empty()); ++i) any |= is_missing(i);
  if (any) piece_.missing.resize(rows_);
  for (size_t i = from; i < to && (any || !piece_.missing.empty()); ++i) piece_.missing.push_back(is_missing(i));
  if (column.type == ColumnType::kText) {
    append_texts(column, from, to);
  } else if (is_real) {
    extend(piece_.reals, column.reals, from, to);
    for (size_t i = from; i < to && any; ++i)
      if (is_missing(i)) piece_.reals[rows_ + i - from] = std::numeric_limits<double>::quiet_NaN();
  } else {
    extend(piece_.ints, column.ints, from, to);
    for (size_t i = from; i < to && any; ++i)
      if (is_missing(i)) piece_.ints[rows_ + i - from] = 0;
  }
  rows_ += to - from;
}

uint32_t ColumnPiece::code_of(const ColumnBlock& column, size_t row) {
  if (column.is_missing(row)) return 0;
  if (!column.dictionary) return words_.code(column.texts[row]);
  if (column.dictionary != theirs_) {
    theirs_ = column.dictionary;
    ours_.assign(theirs_->size(), kUnknown);
  }
  uint32_t& ours = ours_[column.codes[row]];
  if (ours == kUnknown) ours = words_.code((*theirs_)[column.codes[row]]);
  return ours;
}

void ColumnPiece::append_texts(const ColumnBlock& column, size_t from, size_t to) {
  for (size_t i = from; i < to; ++i) {
    if (!plain_) {
      piece_.codes.push_back(code_of(column, i));
      continue;
    }
    if (!column.is_missing(i)) arena_ += column.text(i);
    if (arena_.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
      throw Error(Code::kData, "the texts of a column take more than 2 GiB in a thousand rows")
          .hint("leave that column out: no model takes it");
    ends_.push_back(arena_.size());
  }
}

const ColumnBlock& ColumnPiece::piece() {
  if (piece_.type == ColumnType::kReal) {
    range_.add(piece_.reals);
    piece_range_ = {};
    piece_range_.add(piece_.reals);
  } else if (piece_.type != ColumnType::kText) {
    range_.add(piece_.ints);
    piece_range_ = {};
    piece_range_.add(piece_.ints);
  } else if (plain_) {
    piece_.texts.clear();
    size_t begin = 0;
    for (const size_t end : ends_) {
      piece_.texts.emplace_back(arena_.data() + begin, end - begin);
      begin = end;
    }
  }
  if (summed_) add_to_sum();
  return piece_;
}

Stored ColumnPiece::piece_width() const {
  switch (piece_.type) {
    case ColumnType::kReal: return piece_range_.reals();
    case ColumnType::kBool: return Stored::kBits;
    case ColumnType::kText: return plain_ ? Stored::kText32 : codes_width(words_.size());
    case ColumnType::kInt:
    case ColumnType::kDate:
    case ColumnType::kTime: break;
  }
  return piece_range_.ints();
}

void ColumnPiece::add_to_sum() {
  if (piece_.type == ColumnType::kReal) {
    values_sum_.add(std::as_bytes(std::span(piece_.reals)));
  } else if (piece_.type != ColumnType::kText) {
    values_sum_.add(std::as_bytes(std::span(piece_.ints)));
  } else {
    for (size_t i = 0; i < rows_; ++i) {
      const std::string_view text = piece_.is_missing(i) ? std::string_view()
                                    : plain_             ? piece_.texts[i]
                                                         : words_.text(piece_.codes[i]);
      values_sum_.add(text.size()).add(text);
    }
  }
  const std::vector<uint8_t> none(piece_.missing.empty() ? rows_ : 0);
  missing_sum_.add(std::as_bytes(std::span(piece_.missing.empty() ? none : piece_.missing)));
}

void ColumnPiece::clear() {
  piece_.clear();
  rows_ = 0;
  arena_.clear();
  ends_.clear();
}

}  // namespace penstock::io
