#include "models/metrics/task_sums.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/base/error.h"

namespace penstock::metrics {
namespace {

std::vector<float> draws(size_t count, unsigned seed, float spread = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

double figure(const TaskSums& sums, const std::string& name) {
  for (const Figure& figure : sums.figures())
    if (figure.name == name) return figure.value;
  ADD_FAILURE() << name;
  return -1;
}

TEST(Regression, CountsInTheTargetsOwnUnits) {
  const TargetTransform log{.log = TargetLog::kLog};
  const std::vector<double> sold = {100, 200, 400}, predicted = {110, 150, 400};
  std::vector<float> targets, outputs;
  for (size_t i = 0; i < sold.size(); ++i) {
    targets.push_back(static_cast<float>(log.apply(sold[i])));
    outputs.push_back(static_cast<float>(log.apply(predicted[i])));
  }
  TaskSums sums(Task::kRegression, log);
  sums.add(outputs, targets);
  EXPECT_EQ(sums.figures().front().name, "rmspe");
  EXPECT_NEAR(figure(sums, "rmspe"), std::sqrt((0.01 + 0.0625) / 3), 1e-6);
  EXPECT_NEAR(figure(sums, "rmse"), std::sqrt((100 + 2500) / 3.0), 1e-3);
  EXPECT_NEAR(figure(sums, "mae"), 20, 1e-3);
  EXPECT_NEAR(sums.mean_loss(), (std::pow(std::log(1.1), 2) + std::pow(std::log(0.75), 2)) / 3, 1e-6);
}

TEST(Regression, ATargetOfNothingHasNoPercentage) {
  TaskSums sums(Task::kRegression);
  sums.add(std::vector<float>{1, 3}, std::vector<float>{0, 2});
  EXPECT_EQ(sums.figures().front().name, "rmse");
  EXPECT_DOUBLE_EQ(figure(sums, "rmspe"), 0.5);
  EXPECT_DOUBLE_EQ(figure(sums, "rmse"), 1);
}

TEST(Regression, AZeroThatWasLearntScaledHasNoPercentageEither) {
  for (const TargetLog log : {TargetLog::kNone, TargetLog::kLog1p}) {
    const TargetTransform transform{.log = log, .mean = 5.5, .deviation = 3.1};
    std::vector<float> targets, outputs;
    for (const double x : {0.0, 4.0}) {
      targets.push_back(static_cast<float>(transform.apply(x)));
      outputs.push_back(static_cast<float>(transform.apply(x + 1)));
    }
    TaskSums sums(Task::kRegression, transform);
    sums.add(outputs, targets);
    EXPECT_NEAR(figure(sums, "rmspe"), 0.25, 1e-5);
    EXPECT_NEAR(figure(sums, "mae"), 1, 1e-5);
  }
}

TEST(TaskSums, FiguresThatAreNotKnownAreLeftOut) {
  TaskSums chances(Task::kBinary), zeros(Task::kRegression);
  chances.add(std::vector<float>{1, 3}, std::vector<float>{1, 1});
  EXPECT_EQ(chances.figures().front().name, "log_loss");
  zeros.add(std::vector<float>{1, 3}, std::vector<float>{0, 0});
  EXPECT_EQ(zeros.figures().size(), 2u);
  EXPECT_EQ(zeros.figures().front().name, "rmse");
}

TEST(Regression, LossesAreThoseOfTheirNames) {
  EXPECT_DOUBLE_EQ(loss_of(RegressionLoss::kSquared, -3), 9);
  EXPECT_DOUBLE_EQ(loss_of(RegressionLoss::kAbsolute, -3), 3);
  EXPECT_DOUBLE_EQ(loss_of(RegressionLoss::kHuber, -3), 2.5);
  EXPECT_DOUBLE_EQ(loss_of(RegressionLoss::kHuber, 0.5), 0.125);
}

TEST(TargetTransform, ComesBackToItsOwnUnits) {
  for (const TargetLog log : {TargetLog::kNone, TargetLog::kLog, TargetLog::kLog1p}) {
    const TargetTransform transform{.log = log, .lowest = 2, .highest = 50};
    EXPECT_NEAR(transform.invert(transform.apply(7.5)), 7.5, 1e-12);
    EXPECT_NEAR(transform.invert(transform.apply(1)), 2, 1e-12);
    EXPECT_NEAR(transform.invert(transform.apply(99)), 50, 1e-12);
    const TargetTransform scaled{.log = log, .lowest = 2, .highest = 50, .mean = 1.5, .deviation = 0.25};
    EXPECT_NEAR(scaled.apply(7.5), (transform.apply(7.5) - 1.5) / 0.25, 1e-12);
    EXPECT_NEAR(scaled.invert(scaled.apply(7.5)), 7.5, 1e-12);
  }
}

/// All pairs, one by one.
double auc_by_pairs(const std::vector<float>& logits, const std::vector<float>& targets) {
  double in_order = 0, pairs = 0;
  for (size_t i = 0; i < logits.size(); ++i)
    for (size_t j = 0; j < logits.size(); ++j) {
      if (targets[i] < 0.5F || targets[j] > 0.5F) continue;
      ++pairs;
      in_order += logits[i] > logits[j] ? 1 : logits[i] == logits[j] ? 0.5 : 0;
    }
  return in_order / pairs;
}

TEST(Binary, AucIsTheShareOfPairsInOrderTiesHalf) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::vector<float> logits = draws(60, seed, 2), targets = draws(60, seed + 100);
    for (float& logit : logits) logit = std::round(logit);  // ties
    for (float& target : targets) target = target > 0 ? 1 : 0;
    BinarySums sums;
    sums.add(logits, targets);
    EXPECT_DOUBLE_EQ(sums.auc(), auc_by_pairs(logits, targets)) << seed;
  }
}

TEST(Binary, OneKindAloneOrNothingAtAllSaysNothing) {
  BinarySums sums;
  EXPECT_EQ(sums.auc(), 0.5);
  EXPECT_EQ(sums.accuracy(), 0);
  sums.add(std::vector<float>{2, 3}, std::vector<float>{1, 1});
  EXPECT_EQ(sums.auc(), 0.5);
  EXPECT_EQ(sums.accuracy(), 1);
}

TEST(Binary, LogLossStandsAnyLogit) {
  EXPECT_DOUBLE_EQ(binary_cross_entropy(0, true), std::log(2.0));
  EXPECT_DOUBLE_EQ(binary_cross_entropy(800, false), 800);
  EXPECT_EQ(binary_cross_entropy(800, true), 0);
  EXPECT_NEAR(binary_cross_entropy(-1.5, true), -std::log(1 / (1 + std::exp(1.5))), 1e-12);
}

TEST(TaskSums, PartsAddUpToTheWholeAlsoAsBytes) {
  const std::vector<float> outputs = draws(90, 1), noise = draws(90, 2);
  std::vector<float> targets(90), yes(90);
  std::vector<int64_t> labels(30);
  for (size_t i = 0; i < 90; ++i) targets[i] = outputs[i] + noise[i], yes[i] = noise[i] > 0 ? 1 : 0;
  for (size_t i = 0; i < 30; ++i) labels[i] = static_cast<int64_t>(i % 3);
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kClasses}) {
    const auto add = [&](TaskSums& sums, size_t first, size_t count) {
      const std::span<const float> all(outputs);
      if (task == Task::kClasses)
        sums.add(all.subspan(first, count), std::span(labels).subspan(first / 3, count / 3));
      else
        sums.add(all.subspan(first, count),
                 std::span<const float>(task == Task::kBinary ? yes : targets).subspan(first, count));
    };
    TaskSums whole(task), first(task), second(task), moved(task);
    add(whole, 0, 90), add(first, 0, 30), add(second, 30, 60);
    moved.add_bytes(first.to_bytes());
    moved.add_bytes(second.to_bytes());
    first += second;
    EXPECT_EQ(first.records(), whole.records());
    for (size_t i = 0; i < whole.figures().size(); ++i) {
      EXPECT_NEAR(first.figures()[i].value, whole.figures()[i].value, 1e-12) << whole.figures()[i].name;
      EXPECT_NEAR(moved.figures()[i].value, whole.figures()[i].value, 1e-12) << whole.figures()[i].name;
    }
    EXPECT_NEAR(moved.mean_loss(), whole.mean_loss(), 1e-12);
    EXPECT_THROW(TaskSums(task == Task::kBinary ? Task::kClasses : Task::kBinary).add_bytes(whole.to_bytes()), Error);
    EXPECT_THROW(moved.add_bytes(std::string_view(whole.to_bytes()).substr(0, 5)), Error);
  }
}

TEST(Figures, KnowWhichWayIsBetter) {
  EXPECT_TRUE(better({"rmspe", 0.2, true}, {"rmspe", 0.1, true}));
  EXPECT_FALSE(better({"auc", 0.9}, {"auc", 0.9}));
  EXPECT_TRUE(better({"auc", 0.8}, {"auc", 0.9}));
  const std::vector<Figure> two = {{"auc", 0.9123456}, {"log_loss", 0.25, true}};
  EXPECT_EQ(text_of(two), "auc 0.9123, log_loss 0.25");
}

}  // namespace
}  // namespace penstock::metrics
