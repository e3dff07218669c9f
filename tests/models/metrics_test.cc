#include "models/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace penstock::metrics {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Metrics, RankCountsWhatIsAboveAndEqualsInOrder) {
  const std::vector<float> logits = {1, 5, 3, 5, -2};
  EXPECT_EQ(rank_of(logits, 1), 0);
  EXPECT_EQ(rank_of(logits, 3), 1);
  EXPECT_EQ(rank_of(logits, 2), 2);
  EXPECT_EQ(rank_of(logits, 4), 4);
  EXPECT_EQ(predicted_class(logits), 1);
}

TEST(Metrics, NotANumberIsNeverRight) {
  const std::vector<float> logits = {kNan, 1, kNan};
  EXPECT_EQ(rank_of(logits, 0), 2);
  EXPECT_EQ(predicted_class(logits), 1);
}

TEST(Metrics, CrossEntropyIsStableForLargeLogits) {
  EXPECT_NEAR(cross_entropy(std::vector<float>{1000, 1000}, 0), std::log(2.0), 1e-12);
  EXPECT_NEAR(cross_entropy(std::vector<float>{0, -1000}, 1), 1000.0, 1e-9);
  EXPECT_NEAR(cross_entropy(std::vector<float>{0, 1, 2}, 2), 0.4076059644443803, 1e-12);  // torch
}

TEST(Metrics, SumsDoNotDependOnTheBatches) {
  const std::vector<float> logits = {3, 2, 1, 0, -1, -2,  //
                                     0, 1, 2, 3, 4,  5,   //
                                     9, 0, 0, 0, 0,  0};
  const std::vector<int64_t> labels = {0, 0, 1};
  ClassificationSums whole, parts;
  whole.add(logits, labels);
  for (size_t i = 0; i < 3; ++i) parts.add({logits.data() + 6 * i, 6}, {labels.data() + i, 1});
  EXPECT_EQ(whole.records, 3);
  EXPECT_EQ(whole.top1, 1);
  EXPECT_EQ(whole.top5, 2);  // label 0 of the second comes sixth
  EXPECT_EQ(whole.loss, parts.loss);
  EXPECT_EQ(whole.top5, parts.top5);
  EXPECT_DOUBLE_EQ(whole.top1_share(), 1.0 / 3.0);
  EXPECT_EQ(ClassificationSums{}.mean_loss(), 0);
}

TEST(Metrics, ConfusionCountsTruthAgainstPrediction) {
  ConfusionMatrix matrix(3), more(3);
  matrix.add(std::vector<float>{1, 0, 0, 0, 1, 0, 0, 0, 1}, std::vector<int64_t>{0, 0, 2});
  more.add(std::vector<float>{0, 9, 0}, std::vector<int64_t>{1});
  matrix += more;
  EXPECT_EQ(matrix.count(0, 0), 1);
  EXPECT_EQ(matrix.count(0, 1), 1);
  EXPECT_EQ(matrix.count(2, 2), 1);
  EXPECT_DOUBLE_EQ(matrix.recall(0), 0.5);
  EXPECT_DOUBLE_EQ(matrix.precision(1), 0.5);
  EXPECT_DOUBLE_EQ(matrix.recall(1), 1.0);
}

}  // namespace
}  // namespace penstock::metrics
