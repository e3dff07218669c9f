// Rows that tests make for themselves.
#pragma once

#include <vector>

#include "engine/order/draws.h"
#include "models/classic/rows.h"

namespace penstock::classic {

struct MadeRows {
  size_t width = 0;
  std::vector<float> values;
  RowsView view() const { return {values.data(), values.size() / width, width}; }
};

/// Gaussian clouds of deviation 1 around `clouds` points that are `apart` apart in each direction, all moved by `offset`; rows in the order
/// cloud 0, 1, 2, ..., 0, 1, ...
inline MadeRows make_rows(size_t rows, size_t width, size_t clouds = 5, double apart = 6, double offset = 0,
                          uint64_t seed = 1) {
  MadeRows made{width, {}};
  for (size_t i = 0; i < rows; ++i) {
    Draws cloud(seed, 0, i % clouds, draw_key("cloud")), noise(seed, 0, i, draw_key("noise"));
    for (size_t d = 0; d < width; ++d)
      made.values.push_back(static_cast<float>(offset + apart * cloud.uniform(-1, 1) + noise.normal()));
  }
  return made;
}

/// Rows behind read() alone, as on a disk; counts the rows that were read.
class SlowRows final : public RowSource {
 public:
  explicit SlowRows(RowsView rows) : rows_(rows) {}
  uint64_t size() const override { return rows_.size(); }
  size_t width() const override { return rows_.width(); }
  void read(uint64_t first, std::span<float> into) override {
    rows_.read(first, into);
    read_rows += into.size() / width();
  }
  uint64_t read_rows = 0;

 private:
  MemoryRows rows_;
};

}  // namespace penstock::classic
