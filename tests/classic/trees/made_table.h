// A table that every language can make: small whole numbers from a linear congruence, so that floats are exact.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "models/classic/trees/row_stream.h"

namespace penstock::test {

/// Four features: a category of 0 .. 6, two numbers (the first missing in an eighth of the rows), a number that says nothing. See
/// golden/make_trees_golden.py, which makes the same.
struct MadeTable {
  classic::TreeFeatures features = {{"shop", "price", "week [no]", "noise"}, {true, false, false, false}};
  std::vector<float> values;   ///< (N, 4)
  std::vector<float> number;   ///< targets of a regression
  std::vector<float> yes;      ///< of a binary task
  std::vector<float> klass;    ///< of three classes
  std::vector<float> weights;  ///< 1 or 2

  explicit MadeTable(size_t rows, uint32_t seed = 1) {
    uint32_t state = seed;
    const auto draw = [&state](uint32_t below) {
      state = state * 1664525u + 1013904223u;
      return (state >> 8) % below;
    };
    for (size_t i = 0; i < rows; ++i) {
      const uint32_t shop = draw(7), price = draw(64), week = draw(52), noise = draw(100), missing = draw(8);
      const float seen = missing == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(price) / 4;
      values.insert(values.end(),
                    {static_cast<float>(shop), seen, static_cast<float>(week), static_cast<float>(noise)});
      const int y = static_cast<int>(shop * 3 % 7) * 4 + (missing == 0 ? 5 : static_cast<int>(price) / 8) -
                    (week > 26 ? 6 : 0) + static_cast<int>(draw(3));
      number.push_back(static_cast<float>(y));
      yes.push_back(y > 12 ? 1.0f : 0.0f);
      klass.push_back(static_cast<float>(y > 16 ? 2 : y > 8 ? 1 : 0));
      weights.push_back(static_cast<float>(1 + draw(2)));
    }
  }
  size_t size() const { return number.size(); }
};

/// Lends a table in blocks of `block` rows, each from memory of its own that the next call overwrites.
class MadeStream final : public classic::RowStream {
 public:
  MadeStream(const MadeTable& table, const std::vector<float>& targets, size_t block, bool weighted = false)
      : table_(table), targets_(targets), block_(block), weighted_(weighted) {}

  void reset() override {
    at_ = 0;
    ++resets;
  }
  classic::RowBlock next() override {
    const size_t rows = std::min(block_, table_.size() - at_);
    const size_t width = table_.features.size();
    std::fill(lent_.begin(), lent_.end(), -1.0f);
    lent_.assign(table_.values.begin() + static_cast<ptrdiff_t>(at_ * width),
                 table_.values.begin() + static_cast<ptrdiff_t>((at_ + rows) * width));
    const classic::RowBlock block = {
        .rows = rows,
        .values = lent_,
        .targets = std::span(targets_).subspan(at_, rows),
        .weights = weighted_ ? std::span(table_.weights).subspan(at_, rows) : std::span<const float>()};
    at_ += rows;
    return block;
  }
  uint64_t resets = 0;

 private:
  const MadeTable& table_;
  const std::vector<float>& targets_;
  size_t block_;
  bool weighted_;
  size_t at_ = 0;
  std::vector<float> lent_;
};

}  // namespace penstock::test
