#include "pipelines/picture/bars.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::pipelines {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Bars, TheLongestFillsTheWidth) {
  const std::vector<Bar> bars = {{"a<b>", 2}, {"half", 1}};
  const std::string svg = bars_svg("Gain & more", bars);
  EXPECT_THAT(svg, HasSubstr("width=\"600.0\""));
  EXPECT_THAT(svg, HasSubstr("width=\"300.0\""));
  EXPECT_THAT(svg, HasSubstr("a&lt;b&gt;"));
  EXPECT_THAT(svg, HasSubstr("Gain &amp; more"));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(Bars, TheRestIsSummedUp) {
  const std::vector<Bar> bars = {{"a", 4}, {"b", 3}, {"c", 1}, {"d", 1.5}};
  const std::string svg = bars_svg("x", bars, 2);
  EXPECT_THAT(svg, HasSubstr(">2 more<"));
  EXPECT_THAT(svg, HasSubstr(">2.5<"));
  EXPECT_THAT(svg, Not(HasSubstr(">c<")));
}

TEST(Bars, AUnitStandsBehindEachNumber) {
  const std::vector<Bar> bars = {{"a", 62.51}, {"b", 25}, {"c", 12.49}};
  const std::string svg = bars_svg("x", bars, 1, "%");
  EXPECT_THAT(svg, HasSubstr(">62.5 %<"));
  EXPECT_THAT(svg, HasSubstr(">37.5 %<"));
}

TEST(Bars, NothingIsSaidSo) {
  EXPECT_THAT(bars_svg("x", {}), HasSubstr("nothing to show"));
  const std::vector<Bar> bars = {{"zero", 0}, {"nan", std::numeric_limits<double>::quiet_NaN()}};
  EXPECT_THAT(bars_svg("x", bars), Not(HasSubstr("width=\"nan\"")));
}

TEST(Bars, LongNamesAreCutBetweenLetters) {
  std::string name;
  for (int i = 0; i < 40; ++i) name += "\xc3\xa4";
  const std::vector<Bar> bars = {{name, 1}};
  EXPECT_THAT(bars_svg("x", bars), HasSubstr(">" + name.substr(0, 64) + "...<"));
}

}  // namespace
}  // namespace penstock::pipelines
