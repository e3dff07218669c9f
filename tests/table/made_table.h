// Made tables that the tests of this room share: every type, missing cells, rare values, infinities, a target that follows the columns.
#pragma once

#include <string>

#include "engine/order/draws.h"
#include "stages/table/spec.h"
#include "tests/support/memory_table.h"

namespace penstock::test {

inline io::TableSchema made_schema() {
  using io::ColumnType;
  return io::TableSchema({{"Store", ColumnType::kInt},
                          {"City", ColumnType::kText},
                          {"Open", ColumnType::kBool},
                          {"Day", ColumnType::kDate},
                          {"Price", ColumnType::kReal},
                          {"Visits", ColumnType::kInt},
                          {"Comment on the row", ColumnType::kText},
                          {"Sales", ColumnType::kReal}});
}

inline std::unique_ptr<MemoryTable> made_table(uint64_t rows, MemoryTable::Options options = {}, uint64_t seed = 1) {
  auto table = std::make_unique<MemoryTable>(made_schema(), options);
  for (uint64_t row = 0; row < rows; ++row) {
    Draws draws(seed, 0, row, draw_key("made"));
    const uint64_t store = 1 + draws.below(12);
    const uint64_t city = draws.below(6);
    const bool open = draws.bernoulli(0.8);
    std::string price = draws.bernoulli(0.1) ? "" : std::to_string(draws.uniform(0.5, 90));
    if (draws.bernoulli(0.01)) price = "inf";
    const std::string visits = draws.bernoulli(0.2) ? "" : std::to_string(draws.below(5000));
    const double sales = 100.0 * static_cast<double>(store) + (open ? 500 : 20) + draws.uniform(0, 50);
    // Each forty-first row has a city that hardly comes again, in more than eight letters.
    const std::string name = row % 41 == 0 ? "village number " + std::to_string(row / 41 / 2)
                             : city == 0   ? ""
                             : city == 1   ? "Bad Soden am Taunus"
                                           : "c" + std::to_string(city);
    table->add({std::to_string(store), name, open ? "1" : "0", std::to_string(16000 + row % 700), price, visits,
                "no " + std::to_string(row), std::to_string(sales)});
  }
  return table;
}

inline table::TableSpec made_spec() {
  table::TableSpec spec;
  spec.target = "Sales";
  spec.target_log = TargetLog::kLog;
  spec.categories = {"City", "Store", "Open"};
  spec.numbers = {"Price", "Visits", "Day"};
  spec.log = {"Visits"};
  spec.frequency = {"City"};
  spec.means = {{.by = {"Store", "Open"}}, {.by = {"City"}, .how = table::How::kPlain}};
  return spec;
}

}  // namespace penstock::test
