// Predicted against actual, as a picture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::pipelines {

/// Counts pairs (actual, predicted) in a grid and draws it as an SVG, both axes alike, with the line on which predictions are right. Pairs may come in any number: the
/// range is found from the first kSample of them (its 0.5 % and 99.5 % quantiles, so that a few wild ones do not squeeze the rest; what lies outside is
/// counted at the edge, and said). Memory: 16 bytes for each of the first kSample pairs, then the grid. Not thread-safe.
class Scatter {
 public:
  static constexpr size_t kSample = 100000;
  static constexpr size_t kCells = 64;  ///< of each axis

  /// `title` stands above the picture; `unit` is what both axes count.
  Scatter(std::string title, std::string unit) : title_(std::move(title)), unit_(std::move(unit)) {}

  /// Pairs that are not finite are left out and counted.
  void add(double actual, double predicted);
  /// Well-formed XML without scripts.
  std::string svg();

 private:
  struct Pair {
    double actual, predicted;
  };
  void settle();
  void count(const Pair& pair);

  std::string title_, unit_;
  std::vector<Pair> sample_;
  bool settled_ = false;
  double low_ = 0, high_ = 1;
  std::vector<uint64_t> cells_;  ///< (predicted, actual), once settled
  uint64_t pairs_ = 0, outside_ = 0, left_out_ = 0;
};

}  // namespace penstock::pipelines
