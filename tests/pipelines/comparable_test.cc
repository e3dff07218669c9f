#include "pipelines/compare/comparable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/recipe/load.h"
#include "tests/io/temp_folder.h"

namespace penstock::pipelines {
namespace {

using io::error_of;
using testing::AllOf;
using testing::HasSubstr;

Recipe recipe(const std::string& name, std::vector<std::string> set = {}) {
  return parse_recipe(
      "seed = 1\ndata = { val = { fraction = 0.2 } }\ntable = { task = \"regression\", target = \"y\", rest = \"auto\" "
      "}\n",
      name, {.set = std::move(set)});
}
std::string refused(const Recipe& a, const Recipe& b, bool has_val = false) {
  return error_of([&] { require_comparable({a, b}, has_val); });
}

TEST(Comparable, RecipesThatSetTheSameRowsAsideAre) {
  EXPECT_EQ(refused(recipe("a"), recipe("b", {"train.lr=1", "data.batch=7"})), "");
  EXPECT_EQ(refused(recipe("a"), recipe("b", {"data.val.by=record"})), "") << "of rows, by class is by record";
}

TEST(Comparable, OtherRowsOtherTargetsAndNoneAreNamed) {
  EXPECT_THAT(refused(recipe("a"), recipe("b", {"data.val.fraction=0.3"})),
              AllOf(HasSubstr("'a' and 'b' cannot be compared: data.val is"), HasSubstr("0.3")));
  EXPECT_THAT(refused(recipe("a"), recipe("b", {"seed=2"})), HasSubstr("seed is 1 in the first and 2 in the second"));
  EXPECT_THAT(refused(recipe("a"), recipe("b", {"table.target=z"})), HasSubstr("table.target is 'y'"));
  EXPECT_THAT(refused(recipe("a"), recipe("b", {"prepare.where=['y > 0']"})),
              HasSubstr("prepare.where is '' in the first and 'y > 0' in the second"));
  EXPECT_THAT(refused(recipe("a"), recipe("b", {"table.task=binary"})), HasSubstr("binary in the second"));
  EXPECT_THAT(refused(recipe("a"), recipe("b", {"data.val.fraction=0"})), HasSubstr("'b' sets no rows aside"));
  EXPECT_THAT(refused(recipe("a"), parse_recipe("net = { arch = \"resnet18\" }", "pictures")),
              HasSubstr("'pictures' has no [table]"));
}

TEST(Comparable, RowsThatAreGivenAreTheSameForAll) {
  EXPECT_EQ(refused(recipe("a"), recipe("b", {"seed=2", "data.val.fraction=0"}), true), "");
  const std::vector<std::string> by_time = {"data.val={by='time',column='d',last='3d'}"};
  EXPECT_EQ(refused(recipe("a", by_time), recipe("b", {by_time[0], "seed=2"})), "") << "time draws nothing";
}

}  // namespace
}  // namespace penstock::pipelines
