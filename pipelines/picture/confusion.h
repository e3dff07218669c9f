// Which class was taken for which, as a picture.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace penstock::pipelines {

/// Counts pairs (actual, predicted) of class names and draws them as a matrix, a row an actual class, each cell shaded by its share of the row. Numbers are sorted by value and other names by
/// letter; of more than kShown classes the most frequent ones have a place, all others together the last. Memory: what is distinct. Not thread-safe.
class Confusion {
 public:
  static constexpr size_t kShown = 20;

  explicit Confusion(std::string title) : title_(std::move(title)) {}

  void add(std::string_view actual, std::string_view predicted);
  /// Well-formed XML without scripts; light or dark as the reader's browser is set.
  std::string svg() const;

 private:
  std::string title_;
  std::map<std::pair<std::string, std::string>, uint64_t> counts_;
};

}  // namespace penstock::pipelines
