#include "pipelines/trees/scores.h"

#include <cmath>
#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace penstock::trees {
namespace {

using metrics::TaskSums;

std::map<std::string, double> of(const TaskSums& sums) {
  std::map<std::string, double> all;
  for (const metrics::Figure& figure : scores_of(sums)) all[figure.name] = figure.value;
  return all;
}

TEST(Scores, NumbersAreScoredInTheirOwnUnits) {
  TaskSums sums(Task::kRegression, {.log = TargetLog::kLog});
  EXPECT_TRUE(scores_of(sums).empty());
  std::vector<float> predicted = {1}, targets = {std::numeric_limits<float>::quiet_NaN()};  // left out
  for (const auto& [p, y] : {std::pair(110.0, 100.0), std::pair(40.0, 50.0)}) {
    predicted.push_back(static_cast<float>(std::log(p)));
    targets.push_back(static_cast<float>(std::log(y)));
  }
  add_predictions(sums, predicted, targets);
  EXPECT_EQ(sums.records(), 2);
  auto found = of(sums);
  EXPECT_NEAR(found["rmse"], 10, 1e-4);
  EXPECT_NEAR(found["mae"], 10, 1e-4);
  EXPECT_NEAR(found["rmspe"], std::sqrt((0.01 + 0.04) / 2), 1e-6);
  EXPECT_NEAR(found["loss"], (std::pow(std::log(1.1), 2) + std::pow(std::log(0.8), 2)) / 2, 1e-6);
}

TEST(Scores, ProbabilitiesOfOneAreCountedAsSuch) {
  TaskSums sums(Task::kBinary);
  const std::vector<float> p = {0.9f, 0.4f, 0.4f, 0.6f, 0.1f, 0.7f}, y = {1, 1, 0, 0, 0, -1};
  add_predictions(sums, p, y);
  double right = 0, loss = 0;
  for (size_t i = 0; i < 5; ++i) {
    loss -= std::log(y[i] > 0 ? p[i] : 1 - p[i]);
    for (size_t k = 0; k < 5; ++k)
      if (y[i] > y[k]) right += p[i] > p[k] ? 1 : p[i] == p[k] ? 0.5 : 0;
  }
  EXPECT_EQ(sums.records(), 5);
  EXPECT_NEAR(of(sums)["auc"], right / 6, 1e-12);
  EXPECT_NEAR(of(sums)["loss"], loss / 5, 1e-6);
  EXPECT_NEAR(of(sums)["accuracy"], 3.0 / 5, 1e-12);
}

TEST(Scores, SharesBeyondNoughtAndOneHaveALoss) {
  TaskSums sums(Task::kBinary);
  add_predictions(sums, std::vector<float>{1.02f, -0.01f, 1}, std::vector<float>{1, 0, 0});
  EXPECT_NEAR(of(sums)["loss"], -std::log(1e-7) / 3, 1e-4);
}

TEST(Scores, EqualProbabilitiesGoToTheFirstClass) {
  TaskSums sums(Task::kClasses);
  add_predictions(sums, std::vector<float>{0.4f, 0.4f, 0.2f, 0.4f, 0.4f, 0.2f}, std::vector<float>{0, 1});
  EXPECT_NEAR(of(sums)["accuracy"], 0.5, 1e-12);
  EXPECT_NEAR(of(sums)["log_loss"], -std::log(0.4), 1e-6);
}

}  // namespace
}  // namespace penstock::trees
