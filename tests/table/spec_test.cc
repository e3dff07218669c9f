// [table]: read, written and refused by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/table/column_plan.h"
#include "tests/io/temp_folder.h"

namespace penstock::table {
namespace {

using io::ColumnType;
using io::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(TableSpec, ComesBackFromWhatItIsWrittenAs) {
  const ValueMap map{
      {"task", "regression"},
      {"target", "Sales"},
      {"target_log", "log"},
      {"target_clip", ValueArray{1, 40000.5}},
      {"categories", ValueArray{"Store", "C*"}},
      {"numbers", "Distance"},
      {"scale", "quantile"},
      {"means", ValueArray{ValueMap{{"by", ValueArray{"Store", "Promo"}}, {"smoothing", 5}, {"how", "plain"}}}},
      {"column", ValueArray{ValueMap{{"name", "C3"}, {"buckets", 1000}, {"use", "category"}}}}};
  const TableSpec spec = read_params<TableSpec>(map, "table");
  EXPECT_EQ(spec.target_log, TargetLog::kLog);
  EXPECT_THAT(spec.numbers, ElementsAre("Distance"));
  EXPECT_EQ(spec.means[0].how, How::kPlain);
  EXPECT_EQ(spec.columns[0].buckets, 1000u);
  EXPECT_EQ(read_params<TableSpec>(to_map<TableSpec>(spec), "table"), spec);
}

TEST(TableSpec, RefusesWhatItDoesNotKnow) {
  const auto fault = [](ValueMap map) {
    map.emplace("target", "y");
    return error_of([&] { check(read_params<TableSpec>(map, "table")); });
  };
  EXPECT_THAT(fault({{"catgories", ValueArray{"a"}}}),
              HasSubstr("unknown key table.catgories; the nearest right one is 'categories'"));
  EXPECT_THAT(fault({{"task", "rank"}}),
              HasSubstr("table.task must be \"regression\", \"binary\" or \"classes\", not \"rank\""));
  EXPECT_THAT(fault({{"target_clip", ValueArray{5, 1}}}), HasSubstr("the lower one first"));
  EXPECT_THAT(fault({{"target_clip_at", ValueArray{0.5, 1.5}}}), HasSubstr("0 to 1"));
  EXPECT_THAT(fault({{"task", "binary"}, {"target_log", "log"}}), HasSubstr("are of task = \"regression\""));
  EXPECT_THAT(fault({{"positive", "x"}}), HasSubstr("is of task = \"binary\""));
  EXPECT_THAT(fault({{"column", ValueArray{ValueMap{{"name", "a"}}, ValueMap{{"name", "a"}}}}}),
              HasSubstr("two [[table.column]]"));
  EXPECT_THAT(error_of([] { read_params<TableSpec>({}, "table"); }), HasSubstr("table.target is missing"));
}

TEST(ColumnPlan, NamesWinOverPatternsAndIgnoreOverBoth) {
  const io::TableSchema schema({{"y", ColumnType::kReal},
                                {"C2", ColumnType::kText},
                                {"C1", ColumnType::kInt},
                                {"C3", ColumnType::kText},
                                {"I1", ColumnType::kInt},
                                {"I2", ColumnType::kReal}});
  TableSpec spec{.target = "y", .categories = {"C*"}, .numbers = {"C1", "I?"}, .ignore = {"C3"}};
  spec.log = {"I*"};
  spec.columns = {{.name = "I2", .scale = Scale::kNone}};
  const ColumnPlan plan = plan_columns(spec, schema, "t");
  ASSERT_EQ(plan.categories.size(), 1u);
  EXPECT_EQ(plan.categories[0].column, 1u);
  ASSERT_EQ(plan.numbers.size(), 3u);
  EXPECT_EQ(plan.numbers[0].column, 2u);  // in the order of the list
  EXPECT_FALSE(plan.numbers[0].log);
  EXPECT_TRUE(plan.numbers[2].log);
  EXPECT_EQ(plan.numbers[2].scale, Scale::kNone);
  EXPECT_THAT(plan.columns, ElementsAre(0, 1, 2, 4, 5));
}

TEST(Globs, MatchAsPeopleExpect) {
  EXPECT_TRUE(glob_matches("C*", "C12"));
  EXPECT_TRUE(glob_matches("*_at*", "x_at_y"));
  EXPECT_TRUE(glob_matches("I?", "I1"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_FALSE(glob_matches("I?", "I12"));
  EXPECT_FALSE(glob_matches("C*", "xC"));
  EXPECT_FALSE(glob_matches("", "a"));
}

}  // namespace
}  // namespace penstock::table
