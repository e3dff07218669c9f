#include "models/classic/trees/grow.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/classic/trees/made_table.h"

namespace penstock::classic {
namespace {

using test::MadeStream;
using test::MadeTable;

/// A config that draws rows and features, so that a wrong draw shows.
TreesConfig drawing() {
  TreesConfig config;
  config.rounds = 14;
  config.max_depth = 4;
  config.subsample = 0.6;
  config.colsample_bynode = 0.5;
  config.seed = 11;
  return config;
}

class Growth : public testing::Test {
 protected:
  TreeMatrix matrix(const MadeTable& table, const TreeMatrix* reference = nullptr) {
    MadeStream stream(table, table.number, 128);
    return TreeMatrix(stream, table.features, config, {}, reference);
  }
  TreesHeader header() const { return {.task = config.task, .features = table.features}; }

  TreesConfig config = drawing();
  MadeTable table{1200}, other{400, 9};
};

TEST_F(Growth, GoingOnIsAsNeverStopped) {
  const TreeMatrix train = matrix(table), val = matrix(other, &train);
  for (const uint64_t parallel : {1, 3}) {
    config.parallel_trees = parallel;
    Booster straight(config, header());
    GrowState whole;
    EXPECT_EQ(grow(straight, train, &val, config, whole, [](const GrowState&) { return true; }), GrowEnd::kRounds);
    for (const uint64_t stop : {1, 5, 13}) {
      std::vector<std::byte> saved;
      GrowState kept;
      {
        Booster begun(config, header());
        GrowState state;
        const GrowEnd end = grow(begun, train, &val, config, state, [&](const GrowState& s) {
          kept = s;
          saved = begun.save();
          return s.rounds < stop;
        });
        EXPECT_EQ(end, GrowEnd::kStopped);
      }
      Booster again = Booster::load(saved, "saved", 1);
      again.configure(config);
      const TreeMatrix train_again = matrix(table), val_again = matrix(other, &train_again);
      EXPECT_EQ(grow(again, train_again, &val_again, config, kept, [](const GrowState&) { return true; }),
                GrowEnd::kRounds);
      EXPECT_TRUE(again.save() == straight.save()) << "stopped after round " << stop;
      EXPECT_EQ(kept.best, whole.best);
      EXPECT_EQ(kept.best_round, whole.best_round);
      for (size_t i = 0; i < whole.last.size(); ++i) EXPECT_EQ(kept.last[i].value, whole.last[i].value);
    }
  }
}

TEST_F(Growth, MeasuresEachSetByEachMetric) {
  config.metrics = {"mae", "rmse"};
  const TreeMatrix train = matrix(table), val = matrix(other, &train);
  Booster booster(config, header());
  GrowState state;
  uint64_t calls = 0;
  grow(booster, train, &val, config, state, [&](const GrowState& s) {
    EXPECT_EQ(s.rounds, ++calls);
    return true;
  });
  EXPECT_EQ(calls, 14u);
  ASSERT_EQ(state.last.size(), 4u);
  EXPECT_EQ(state.last[0].set + state.last[0].metric, "trainmae");
  EXPECT_EQ(state.last[3].set + state.last[3].metric, "valrmse");
  double sum = 0;
  const std::vector<float> p = booster.predict(other.values);
  for (size_t i = 0; i < p.size(); ++i) sum += std::abs(p[i] - other.number[i]);
  EXPECT_NEAR(state.last[2].value, sum / static_cast<double>(p.size()), 1e-5);
}

TEST_F(Growth, EndsWhereNothingGetsBetter) {
  config.rounds = 400;
  config.eta = 1;
  config.early_stopping_rounds = 4;
  const TreeMatrix train = matrix(table), val = matrix(other, &train);
  Booster booster(config, header());
  GrowState state;
  std::vector<double> seen;
  const GrowEnd end = grow(booster, train, &val, config, state, [&](const GrowState& s) {
    seen.push_back(s.last[2].value);
    return true;
  });
  EXPECT_EQ(end, GrowEnd::kEarly);
  ASSERT_LT(state.rounds, 400u);
  EXPECT_EQ(state.rounds, state.best_round + 4);
  EXPECT_EQ(state.best, *std::min_element(seen.begin(), seen.end()));
  EXPECT_EQ(seen[state.best_round - 1], state.best);
  EXPECT_TRUE(is_over(state, config));
}

TEST_F(Growth, GoesUpWithMetricsThatAreBetterHigh) {
  EXPECT_TRUE(is_better_high("auc"));
  EXPECT_TRUE(is_better_high("ndcg@5"));
  EXPECT_FALSE(is_better_high("rmse"));
  config.task = TreesTask::kBinary;
  config.metrics = {"auc"};
  MadeStream stream(table, table.yes, 128), other_stream(other, other.yes, 128);
  const TreeMatrix train(stream, table.features, config);
  const TreeMatrix val(other_stream, table.features, config, {}, &train);
  Booster booster(config, header());
  GrowState state;
  double best = 0;
  grow(booster, train, &val, config, state, [&](const GrowState& s) {
    best = std::max(best, s.last[1].value);
    return true;
  });
  EXPECT_EQ(state.best, best);
  EXPECT_GT(best, 0.9);
}

TEST_F(Growth, EarlyStoppingWantsRowsToValidateOn) {
  config.early_stopping_rounds = 3;
  const TreeMatrix train = matrix(table);
  Booster booster(config, header());
  GrowState state;
  EXPECT_THROW(grow(booster, train, nullptr, config, state, [](const GrowState&) { return true; }), Error);
}

}  // namespace
}  // namespace penstock::classic
