// Files of features as `penstock infer --features` writes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/table/table_writer.h"

namespace penstock::test {

struct FeatureRow {
  int64_t id = 0;
  std::vector<float> values;
  std::string error = {};
};

/// .h5 or .csv; every row has `width` values, those with an error zeros (HDF5) or none (CSV, where the cells are written by hand).
inline void write_features(const std::string& path, int64_t width, const std::vector<FeatureRow>& rows) {
  const bool csv = path.ends_with(".csv");
  const auto table = io::open_table(path, {{.name = "id", .dtype = DType::kI64},
                                           {.name = "file", .text = true},
                                           {.name = csv ? "f" : "features", .width = width},
                                           {.name = "error", .text = true}});
  for (const FeatureRow& row : rows) {
    std::vector<float> values = row.values;
    values.resize(static_cast<size_t>(width));
    table->append(0, std::vector<int64_t>{row.id});
    table->append(1, std::vector<std::string>{"a, \"" + std::to_string(row.id) + "\".jpg"});
    table->append(2, std::span<const float>(values));
    table->append(3, std::vector<std::string>{row.error});
  }
  table->finish();
}

}  // namespace penstock::test
