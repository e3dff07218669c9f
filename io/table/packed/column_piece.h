// One column on its way into the packed form: the rows of the piece that is being filled, and what is known of all rows so far.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/file/checksum.h"
#include "io/table/packed/narrow.h"
#include "io/table/packed/text_codes.h"
#include "io/table/table_block.h"

namespace penstock::io {

/// One thread.
class ColumnPiece {
 public:
  /// `summed`: the values are for the fingerprint too.
  ColumnPiece(ColumnType type, bool summed) : summed_(summed) { piece_.type = type; }

  /// Rows [from, to) of `column`, which has this type.
  void append(const ColumnBlock& column, size_t from, size_t to);
  /// The rows so far, wide; texts as codes of words() unless is_plain(). Good until the next append() or clear().
  const ColumnBlock& piece();
  /// The narrowest that holds piece().
  Stored piece_width() const;
  uint64_t text_bytes() const { return arena_.size(); }
  /// Begins the next piece.
  void clear();

  bool has_missing() const { return !piece_.missing.empty(); }
  ColumnType type() const { return piece_.type; }
  const NumberRange& range() const { return range_; }
  const TextCodes& words() const { return words_; }
  bool is_plain() const { return plain_; }
  /// Texts of later pieces are kept as they are; between clear() and append().
  void make_plain() { plain_ = true; }
  /// Of all values, missing or not.
  uint64_t sum() const { return values_sum_.value() ^ (missing_sum_.value() * 3); }

 private:
  void append_texts(const ColumnBlock& column, size_t from, size_t to);
  uint32_t code_of(const ColumnBlock& column, size_t row);
  void add_to_sum();

  ColumnBlock piece_;
  size_t rows_ = 0;
  NumberRange range_, piece_range_;
  TextCodes words_;
  bool plain_ = false, summed_;
  std::string arena_;
  std::vector<size_t> ends_;
  std::shared_ptr<const std::vector<std::string>> theirs_;  ///< the dictionary that `ours_` turns into codes of words_
  std::vector<uint32_t> ours_;
  Checksum values_sum_, missing_sum_;
};

}  // namespace penstock::io
