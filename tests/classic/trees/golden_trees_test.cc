// Against XGBoost's Python package, on a table that both sides make: the same rows in the same batches grow the same trees.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "models/classic/trees/grow.h"
#include "tests/classic/trees/made_table.h"

namespace penstock::classic {
namespace {

using test::MadeStream;
using test::MadeTable;

/// The line of golden/xgboost.txt that begins with `name`.
std::vector<float> golden(const std::string& name) {
  std::ifstream file(PENSTOCK_SOURCE_DIR "/tests/classic/golden/xgboost.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word != name) continue;
    std::vector<float> values;
    while (in >> word) values.push_back(std::strtof(word.c_str(), nullptr));
    return values;
  }
  ADD_FAILURE() << "no line '" << name << "'";
  return {};
}

std::vector<float> predicted(TreesTask task) {
  TreesConfig config;
  config.task = task;
  config.classes = task == TreesTask::kClasses ? 3 : 0;
  config.rounds = 14;
  config.max_depth = 4;
  config.subsample = 0.6;
  config.seed = 11;
  const MadeTable table(1200), other(25, 9);
  MadeStream stream(table,
                    task == TreesTask::kRegression ? table.number
                    : task == TreesTask::kBinary   ? table.yes
                                                   : table.klass,
                    128);
  const TreeMatrix train(stream, table.features, config);
  Booster booster(config, {.task = task, .features = table.features});
  GrowState state;
  grow(booster, train, nullptr, config, state, [](const GrowState&) { return true; });
  return booster.predict(other.values);
}

TEST(GoldenTrees, RegressionIsPythonsBitForBit) { EXPECT_EQ(predicted(TreesTask::kRegression), golden("regression")); }

TEST(GoldenTrees, BinaryIsPythonsBitForBit) { EXPECT_EQ(predicted(TreesTask::kBinary), golden("binary")); }

TEST(GoldenTrees, ClassesArePythonsBitForBit) { EXPECT_EQ(predicted(TreesTask::kClasses), golden("classes")); }

}  // namespace
}  // namespace penstock::classic
