// Pictures of how well chances and classes were predicted, and which of them a file of predictions gets.
#include <limits>

#include <gmock/gmock.h>

#include "pipelines/compare/predictions.h"
#include "pipelines/picture/calibration.h"
#include "pipelines/picture/confusion.h"
#include "tests/io/temp_folder.h"

namespace penstock::pipelines {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Calibration, HasADotForEachTenthThatHasRecords) {
  Calibration picture("net & trees");
  for (int i = 0; i < 40; ++i) picture.add(i % 4 == 0, 0.25);  // a quarter of them comes true
  for (int i = 0; i < 10; ++i) picture.add(1, 1.0);
  const std::string svg = picture.svg();
  EXPECT_EQ(count(svg, "class=\"dot\""), 2u);
  EXPECT_EQ(count(svg, "class=\"bar\""), 2u);
  // On the diagonal: x = 96 + 480 / 4, y = 64 + 480 * 3 / 4.
  EXPECT_THAT(svg, HasSubstr("cx=\"216.0\" cy=\"424.0\""));
  EXPECT_THAT(svg, HasSubstr("10 of 40"));
  EXPECT_THAT(svg, HasSubstr("net &amp; trees"));
  EXPECT_THAT(svg, HasSubstr("50 records"));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(Calibration, LeavesOutWhatIsNoChanceAndNothingIsAPictureToo) {
  Calibration picture("x");
  picture.add(1, std::numeric_limits<double>::quiet_NaN());
  picture.add(0.5, 0.5);
  picture.add(1, 1.5);
  EXPECT_THAT(picture.svg(), HasSubstr("0 records; 3 without a probability"));
  EXPECT_THAT(picture.svg(), Not(HasSubstr("nan")));
}

TEST(Confusion, CountsWhichClassWasTakenForWhich) {
  Confusion picture("x");
  for (int i = 0; i < 9; ++i) picture.add("10", "10");
  picture.add("10", "2");
  picture.add("2", "a<b>");
  const std::string svg = picture.svg();
  EXPECT_EQ(count(svg, "class=\"cell\""), 3u);
  EXPECT_THAT(svg, HasSubstr("10 taken for 2: 1"));
  EXPECT_THAT(svg, HasSubstr("2 taken for a&lt;b&gt;: 1"));
  EXPECT_THAT(svg, HasSubstr("11 records, 9 of them right"));
  EXPECT_LT(svg.find(">2<"), svg.find(">10<"));  // by value
}

TEST(Confusion, TheRarestOfManyClassesStandTogether) {
  Confusion picture("x");
  for (int c = 0; c < 30; ++c)
    for (int i = 0; i <= c; ++i) picture.add("class " + std::to_string(c), "class " + std::to_string(c));
  const std::string svg = picture.svg();
  EXPECT_EQ(count(svg, "class=\"cell\""), Confusion::kShown);
  EXPECT_THAT(svg, HasSubstr("all others taken for all others: 66"));  // 1 + 2 + ... + 11
  EXPECT_THAT(svg, Not(HasSubstr("class 10 taken")));
  EXPECT_THAT(Confusion("none").svg(), HasSubstr("nothing to show"));
}

TEST(PredictionsPicture, IsOfWhatIsPredicted) {
  const io::TempFolder folder;
  const std::string path = folder.put("p.csv", "id,actual,predicted\n0,1,0.75\n1,0,0.25\n");
  io::FileSystem& fs = io::FileSystem::real();
  EXPECT_THAT(predictions_picture(path, Predicted::kNumbers, "mine", "Sales", fs),
              AllOf(HasSubstr("mine: predicted against actual"), HasSubstr("actual, Sales"), Not(HasSubstr(">-0.0<"))));
  EXPECT_THAT(predictions_picture(path, Predicted::kChances, "mine", "", fs), HasSubstr("predicted probability"));
  EXPECT_THAT(predictions_picture(path, Predicted::kClasses, "mine", "", fs), HasSubstr("1 taken for 0.75"));
}

}  // namespace
}  // namespace penstock::pipelines
