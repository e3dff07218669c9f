// Which type do these cells have in common?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/table/table_schema.h"

namespace penstock::io {

/// Looks at the cells of one column and keeps the narrowest type that all of them have: int, then real (with points, or with decimal commas where one of them does not stand before three digits, which may be
/// thousands, and no cell has a point alone unless another has both); bool ("true", "false" in any case); dates and times in one format;
/// else text. Also text: whole numbers with zeros in front (codes of places, telephone numbers) or of more than 64 bits, and dates of which day and month may be either (01/02/2015).
class ColumnGuess {
 public:
  /// A cell that is not missing.
  void add(std::string_view cell);
  uint64_t seen() const { return seen_; }
  bool is_text() const { return spec("").type == ColumnType::kText; }
  /// Text where no cell was seen.
  ColumnSpec spec(const std::string& name) const;
  /// Why it is text though one might think otherwise, of a column called `name`; "" where there is nothing to say.
  std::string note(const std::string& name) const;
  /// Whether note() wrote it of a column called `name`.
  static bool is_note_of(const std::string& name, std::string_view note);

 private:
  void add_comma(std::string_view cell);
  void add_date(std::string_view cell);
  void add_kind(std::string_view cell);
  /// 3,5 beside 3.142, and none as 1.234,5 that says what the point is.
  bool mixes_points() const { return points_ && !both_; }
  std::string mixture() const;
  std::vector<std::string> formats(bool times) const;

  uint64_t seen_ = 0;
  bool int_ = true, real_ = true, bool_ = true;
  bool comma_ = true;      ///< all are numbers that may have a decimal comma
  bool decimals_ = false;  ///< and one can be nothing else
  bool commas_ = false;    ///< one has a comma
  bool points_ = false;    ///< one has a point and no comma
  bool both_ = false;      ///< one has both, as 1.234,5
  bool zeros_ = false;     ///< a whole number with a zero in front
  bool long_ = false;      ///< a whole number of more than 64 bits
  bool not_utf8_ = false;
  uint32_t dates_ = UINT32_MAX;  ///< bit i: all fit the format i
  uint32_t times_ = UINT32_MAX;

  /// Of a kind, each by itself: what most cells are, though not all, is worth a word.
  struct Kind {
    uint64_t cells = 0;
    std::string example;  ///< the first of them
    std::string other;    ///< the first that is not
    bool is_most_of(uint64_t seen) const { return cells * 10 >= seen * 9; }
    void add(bool is, std::string_view cell);
  };
  Kind numbers_, dates_of_any_, times_of_any_;
};

}  // namespace penstock::io
