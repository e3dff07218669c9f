#include "pipelines/compare/comparison.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipelines/compare/predictions.h"
#include "tests/io/temp_folder.h"

namespace penstock::pipelines {
namespace {

TEST(SameRecords, AreThoseOfOneOrderAndOneTruthButForRounding) {
  const io::TempFolder folder;
  const auto same = [&](const std::string& rows) {
    const std::string a = folder.put("a.csv", "id,actual,predicted\n0,1199,5\n7,0,6\n9,35000,7\n");
    return same_records(a, folder.put("b.csv", "id,actual,predicted\n" + rows), io::FileSystem::real());
  };
  EXPECT_TRUE(same("0,1199,1\n7,0,2\n9,35000,3\n"));
  EXPECT_TRUE(same("0,1198.99974,1\n7,-0.00027,2\n9,35000.002,3\n"));
  EXPECT_FALSE(same("0,1199,1\n8,0,2\n9,35000,3\n"));
  EXPECT_FALSE(same("0,1202,1\n7,0,2\n9,35000,3\n"));
  EXPECT_FALSE(same("0,1199,1\n7,0,2\n"));
  EXPECT_FALSE(same("0,1199,1\n7,0,2\n9,35000,3\n10,1,1\n"));
  EXPECT_FALSE(same("0,cat,1\n7,0,2\n9,35000,3\n"));
}

std::vector<Compared> two() {
  return {{.name = "net",
           .model = "tabular net",
           .metrics = {{"rmspe", 0.1123}, {"rmse", 1012.5}},
           .records = 40282,
           .seconds = 75,
           .peak_rss_bytes = 600u << 20,
           .model_bytes = 4u << 20,
           .run = "out/net"},
          {.name = "trees",
           .model = "boosted trees",
           .metrics = {{"rmspe", 0.0991}, {"auc", 0.9}},
           .records = 40282,
           .seconds = 30,
           .peak_rss_bytes = 300u << 20,
           .model_bytes = 9u << 20,
           .run = "out/trees"}};
}

TEST(Comparison, MarksTheBestOfEachMetricInItsDirection) {
  std::vector<Compared> all = two();
  all[0].metrics.emplace_back("auc", 0.95);
  const std::string table = comparison_table(all, "sales.csv");
  EXPECT_NE(table.find("**0.0991**"), std::string::npos) << table;
  EXPECT_NE(table.find("**0.9500**"), std::string::npos) << table;
  EXPECT_EQ(table.find("**0.1123**"), std::string::npos) << table;
  EXPECT_NE(table.find("40282 records"), std::string::npos) << table;
}

TEST(Comparison, AMetricThatOneLacksIsAnEmptyCell) {
  const std::string table = comparison_table(two(), "sales.csv");
  const auto bars = [](const std::string& line) { return std::count(line.begin(), line.end(), '|'); };
  size_t begin = table.find('|'), lines = 0;
  const auto wanted = bars(table.substr(begin, table.find('\n', begin) - begin));
  for (size_t end = 0; begin < table.size(); begin = end + 1, ++lines) {
    end = table.find('\n', begin);
    EXPECT_EQ(bars(table.substr(begin, end - begin)), wanted) << table;
  }
  EXPECT_EQ(lines, 4u);
}

TEST(Comparison, JsonHoldsTheFigures) {
  const auto json = nlohmann::json::parse(comparison_json(two()));
  EXPECT_DOUBLE_EQ(json["models"][1]["rmspe"], 0.0991);
  EXPECT_EQ(json["models"][0]["peak_rss_bytes"], 600u << 20);
}

TEST(Comparison, OneAloneHasNoBest) { EXPECT_EQ(comparison_table({two()[0]}, "x").find("**"), std::string::npos); }

}  // namespace
}  // namespace penstock::pipelines
