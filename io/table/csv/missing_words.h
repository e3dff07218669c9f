// Is this cell one of the spellings of a missing value?
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::io {

/// Made once for a table; asked for every cell, so it looks at length and first letter before it compares. Const members are thread-safe.
class MissingWords {
 public:
  explicit MissingWords(const std::vector<std::string>& words);
  bool contains(std::string_view cell) const {
    if (cell.size() > longest_) return false;
    if (cell.empty()) return empty_;
    return first_[static_cast<unsigned char>(cell.front())] && listed(cell);
  }
  /// A cell that is longer is none.
  size_t longest() const { return longest_; }
  bool has_empty() const { return empty_; }
  /// One of them is a number too (-999): then a cell is asked before it is read as one.
  bool has_number() const { return number_; }

 private:
  bool listed(std::string_view cell) const;

  std::vector<std::string> words_;
  std::array<bool, 256> first_{};
  size_t longest_ = 0;
  bool empty_ = false;
  bool number_ = false;
};

}  // namespace penstock::io
