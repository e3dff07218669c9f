#include "pipelines/trees/scores.h"

#include <cmath>
#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace penstock::trees {
namespace {

using classic::TreesTask;

std::map<std::string, double> of(const Scores& scores) {
  std::map<std::string, double> all;
  for (const auto& [name, value] : scores.all()) all[name] = value;
  return all;
}

TEST(Scores, NumbersAreScoredInTheirOwnUnits) {
  Scores scores(TreesTask::kRegression, {.log = TargetLog::kLog});
  for (const auto& [predicted, truth] : {std::pair(110.0, 100.0), std::pair(40.0, 50.0)}) {
    const auto p = static_cast<float>(std::log(predicted));
    scores.add(&p, 1, static_cast<float>(std::log(truth)));
  }
  const float lost = 1;
  scores.add(&lost, 1, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(scores.rows(), 2u);
  auto found = of(scores);
  EXPECT_NEAR(found["rmse"], 10, 1e-4);
  EXPECT_NEAR(found["mae"], 10, 1e-4);
  EXPECT_NEAR(found["rmspe"], std::sqrt((0.01 + 0.04) / 2), 1e-6);
  EXPECT_NEAR(found["loss"], (std::pow(std::log(1.1), 2) + std::pow(std::log(0.8), 2)) / 2, 1e-6);
}

TEST(Scores, AucIsTheShareOfPairsInOrder) {
  Scores scores(TreesTask::kBinary, {});
  const std::vector<std::pair<float, float>> rows = {{0.9f, 1}, {0.4f, 1}, {0.4f, 0}, {0.6f, 0}, {0.1f, 0}};
  double right = 0, loss = 0;
  for (const auto& [p, y] : rows) {
    scores.add(&p, 1, y);
    loss -= std::log(y > 0 ? p : 1 - p);
    for (const auto& [q, z] : rows)
      if (y > z) right += p > q ? 1 : p == q ? 0.5 : 0;
  }
  EXPECT_NEAR(of(scores)["auc"], right / 6, 1e-12);
  EXPECT_NEAR(of(scores)["loss"], loss / 5, 1e-6);
  EXPECT_NEAR(of(scores)["accuracy"], 3.0 / 5, 1e-12);
}

TEST(Scores, OneKindOfTargetHasNoAuc) {
  Scores scores(TreesTask::kBinary, {});
  const float p = 1;
  scores.add(&p, 1, 0);
  EXPECT_FALSE(of(scores).contains("auc"));
  EXPECT_TRUE(std::isfinite(of(scores)["loss"]));
}

TEST(Scores, EqualProbabilitiesGoToTheFirstClass) {
  Scores scores(TreesTask::kClasses, {});
  const float p[] = {0.4f, 0.4f, 0.2f};
  scores.add(p, 3, 0);
  scores.add(p, 3, 1);
  EXPECT_NEAR(of(scores)["accuracy"], 0.5, 1e-12);
  EXPECT_NEAR(of(scores)["log_loss"], -std::log(0.4), 1e-6);
}

}  // namespace
}  // namespace penstock::trees
