// The stores' real table, joined and with events, against a search by hand.
#include <cstdlib>
#include <filesystem>
#include <map>

#include <unistd.h>

#include <gtest/gtest.h>

#include "stages/table/prepare/prepare.h"
#include "tests/support/data_dir.h"
#include "tests/table/csv_in_memory.h"

namespace penstock::table {
namespace {

TEST(PrepareRossmann, EventsAndStatesAreThoseFoundByHand) {
  const auto source = test::data_dir("rossmann");
  if (source.empty()) GTEST_SKIP() << "no data set rossmann: set PENSTOCK_DATA";
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("penstock-rossmann-" + std::to_string(::getpid()))).string();
  const std::string command =
      std::string(PENSTOCK_SOURCE_DIR) + "/tools/rossmann.sh '" + source.string() + "' '" + folder + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto table = test::csv_in_memory(folder + "/train.csv");
  const PrepareSpec spec{.steps = {{"join", {{"file", "store_states.csv"}, {"on", "Store"}, {"never", "fail"}}},
                                   {"join",
                                    {{"file", "weather/*.csv"},
                                     {"on", {"State", "Date"}},
                                     {"source", "State"},
                                     {"names", ValueMap{{"Hessen", "HE"}}},
                                     {"columns", "Mean_TemperatureC"}}},
                                   {"until", {{"event", "Promo = 1"}, {"by", "Store"}, {"time", "Date"}}}},
                         .where = {"Open = 1"}};
  Cores cores(2);
  Preparation preparation(spec, *table,
                          {.target = "Sales",
                           .open = [](const std::string& path) { return test::csv_in_memory(path); },
                           .folders = {folder},
                           .cores = &cores});
  std::map<int64_t, int64_t> until;  // of store 1, by day
  uint64_t warm = 0;
  const io::TableSchema& schema = preparation.schema();
  const size_t store = schema.index_of("Store"), date = schema.index_of("Date");
  const size_t promo = schema.index_of("Promo_until"), degrees = schema.index_of("Mean_TemperatureC");
  const PrepareReport report = preparation.run([&](const io::TableBlock& block) {
    for (size_t row = 0; row < block.rows; ++row) {
      warm += !missing_at(block.columns[degrees], row);
      if (block.columns[store].ints[row] == 1 && !block.columns[promo].is_missing(row))
        until[block.columns[date].ints[row]] = block.columns[promo].ints[row];
    }
  });
  std::filesystem::remove_all(folder);
  EXPECT_EQ(report.rows_in, 969264U);
  EXPECT_EQ(report.rows_out + report.where_dropped[0], report.rows_in);
  EXPECT_EQ(report.rows_out, 802996U);
  EXPECT_EQ(report.steps[0].never, 0U);
  // Only Hessen's weather is called as the stores call it.
  EXPECT_GT(warm, 70000U);
  EXPECT_GT(report.steps[1].never, 800000U);
  // Store 1 in June 2015: promotions began on Monday the 1st and the 15th.
  const int64_t june = *days_of(2015, 6, 1);
  EXPECT_EQ(until.at(june), 1);
  EXPECT_EQ(until.at(june + 4), 10);
  EXPECT_EQ(until.at(june + 5), 9);
}

}  // namespace
}  // namespace penstock::table
