// How often each value of a column came, and whether it tells the target.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::table {

/// Counts texts (of integers: their eight bytes), in the order in which they were first seen. Merging the parts of a table in the order of its rows gives the
/// same as counting it at once. One thread.
class ValueCounts {
 public:
  struct Entry {
    uint64_t hash = 0;
    uint64_t at = 0;  ///< in the texts
    uint32_t size = 0;
    bool varies = false;  ///< rows with this value have several targets
    uint64_t count = 0;
    double target = 0;  ///< of the first row
  };

  /// `count` further rows with this value, all with the target `y` (NaN: not known, counts as varying).
  void add(std::string_view text, double y, uint64_t count = 1);
  void merge(const ValueCounts& other);
  void clear();
  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view text(const Entry& entry) const { return std::string_view(texts_).substr(entry.at, entry.size); }
  uint64_t bytes() const;

 private:
  Entry& entry_of(std::string_view text, uint64_t hash);
  void grow();

  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  ///< place in entries_ and 1; 0: free. A power of two, at most half full
  std::string texts_;
};

/// The eight bytes that stand for an integer.
inline std::string_view bytes_of_int(const int64_t& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace penstock::table
