#include "models/classic/trees/booster.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "models/classic/trees/grow.h"
#include "tests/classic/trees/made_table.h"

namespace penstock::classic {
namespace {

using test::MadeStream;
using test::MadeTable;
using testing::ElementsAre;
using testing::HasSubstr;

TreesConfig small(TreesTask task = TreesTask::kRegression) {
  TreesConfig config;
  config.task = task;
  config.classes = task == TreesTask::kClasses ? 3 : 0;
  config.rounds = 12;
  config.max_depth = 4;
  config.seed = 5;
  return config;
}

TreesHeader header_of(const MadeTable& table, TreesTask task = TreesTask::kRegression) {
  TreesHeader header{.task = task, .features = table.features, .fitted = "00ff"};
  if (task == TreesTask::kClasses) header.classes = {"low", "mid", "high"};
  return header;
}

struct Grown {
  Booster booster;
  GrowState state;
  GrowEnd end = GrowEnd::kRounds;
};

Grown grown(const MadeTable& table, const std::vector<float>& targets, const TreesConfig& config,
            const MatrixPlace& place = {}) {
  MadeStream stream(table, targets, 100);
  const TreeMatrix train(stream, table.features, config, place);
  Grown out{.booster = Booster(config, header_of(table, config.task)), .state = {}};
  out.end = grow(out.booster, train, nullptr, config, out.state, [](const GrowState&) { return true; });
  return out;
}

double rmse(const std::vector<float>& predicted, const std::vector<float>& truth) {
  double sum = 0;
  for (size_t i = 0; i < truth.size(); ++i) sum += std::pow(predicted[i] - truth[i], 2);
  return std::sqrt(sum / static_cast<double>(truth.size()));
}

double error_of(const std::function<void()>& work, Code code, const std::string& words) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(words));
    return 1;
  }
  ADD_FAILURE() << "nothing was thrown where '" << words << "' was due";
  return 0;
}

TEST(Booster, LearnsNumbersOfRowsItHasNotSeen) {
  const MadeTable table(2000), other(500, 9);
  TreesConfig config = small();
  config.rounds = 40;
  const Grown it = grown(table, table.number, config);
  EXPECT_EQ(it.end, GrowEnd::kRounds);
  EXPECT_EQ(it.booster.rounds(), 40u);
  // What is left is what was drawn: 0, 1 or 2 with the same chance deviate by 0.816.
  EXPECT_LT(rmse(it.booster.predict(other.values), other.number), 1.05);
  EXPECT_NEAR(it.state.last[0].value, rmse(it.booster.predict(table.values), table.number), 1e-5);
}

TEST(Booster, ProbabilitiesOfClassesAddUpToOne) {
  const MadeTable table(1500), other(300, 9);
  const Grown it = grown(table, table.klass, small(TreesTask::kClasses));
  const std::vector<float> p = it.booster.predict(other.values);
  ASSERT_EQ(p.size(), 900u);
  size_t right = 0;
  for (size_t i = 0; i < 300; ++i) {
    EXPECT_NEAR(p[3 * i] + p[3 * i + 1] + p[3 * i + 2], 1, 1e-5);
    right += std::max_element(&p[3 * i], &p[3 * i] + 3) - &p[3 * i] == other.klass[i];
  }
  EXPECT_GT(right, 255u);
}

TEST(Booster, ForestGivesTheShareOfOnes) {
  const MadeTable table(2000), other(500, 9);
  TreesConfig config = small(TreesTask::kBinary);
  config.kind = TreesKind::kForest;
  config.parallel_trees = 30;
  config.max_depth = 8;
  config.subsample = 0.63;
  config.colsample_bynode = 0.5;
  config.lambda = 1e-5;
  const Grown it = grown(table, table.yes, config);
  EXPECT_EQ(it.booster.rounds(), 1u);
  const std::vector<float> p = it.booster.predict(other.values);
  EXPECT_GE(*std::min_element(p.begin(), p.end()), -1e-4f);
  EXPECT_LE(*std::max_element(p.begin(), p.end()), 1 + 1e-4f);
  double sum = 0, ones = 0;
  size_t right = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    sum += p[i], ones += other.yes[i];
    right += (p[i] > 0.5f) == (other.yes[i] > 0);
  }
  EXPECT_NEAR(sum, ones, 0.04 * 500);
  EXPECT_GT(right, 440u);
}

TEST(Booster, ForestGivesTheSharesOfClasses) {
  const MadeTable table(2000), other(500, 9);
  TreesConfig config = small(TreesTask::kClasses);
  config.kind = TreesKind::kForest;
  config.parallel_trees = 30;
  config.max_depth = 10;
  config.subsample = 0.8;
  config.colsample_bynode = 0.75;
  config.lambda = 1e-5;
  const Grown it = grown(table, table.klass, config);
  EXPECT_EQ(it.state.last[0].metric, "rmse");
  const std::vector<float> p = it.booster.predict(other.values);
  ASSERT_EQ(p.size(), 1500u);
  size_t right = 0;
  double sum = 0;
  for (size_t i = 0; i < 500; ++i) {
    sum += p[3 * i] + p[3 * i + 1] + p[3 * i + 2];
    right += std::max_element(&p[3 * i], &p[3 * i] + 3) - &p[3 * i] == other.klass[i];
  }
  EXPECT_NEAR(sum, 500, 10);  // each class has trees of its own, so that only the mean is 1
  EXPECT_GT(right, 420u);
  EXPECT_EQ(Booster::load(it.booster.save(), "forest", 1).predict(other.values), p);
}

TEST(Booster, SavedTreesPredictAsBefore) {
  const MadeTable table(800);
  const Grown it = grown(table, table.klass, small(TreesTask::kClasses));
  const std::vector<std::byte> bytes = it.booster.save();
  const Booster again = Booster::load(bytes, "trees", 1);
  EXPECT_EQ(again.header(), it.booster.header());
  EXPECT_EQ(again.outputs(), 3u);
  EXPECT_EQ(again.predict(table.values), it.booster.predict(table.values));
  EXPECT_TRUE(again.save() == bytes);
}

TEST(Booster, FirstRoundsAreAModelOfTheirOwn) {
  const MadeTable table(800);
  const Grown it = grown(table, table.number, small());
  const Booster first = it.booster.first(5);
  EXPECT_EQ(first.rounds(), 5u);
  EXPECT_EQ(first.predict(table.values), it.booster.predict(table.values, 5));
  EXPECT_NE(first.predict(table.values), it.booster.predict(table.values));
  EXPECT_EQ(Booster::load(first.save(), "first", 1).predict(table.values), first.predict(table.values));
}

TEST(Booster, ImportancesNameWhatMatters) {
  const MadeTable table(2000);
  const Grown it = grown(table, table.number, small());
  const std::vector<Importance> all = it.booster.importances();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[2].feature, "week [no]");
  EXPECT_GT(all[0].gain, all[1].gain);
  for (size_t i = 0; i < 3; ++i) EXPECT_GT(all[i].gain, 20 * all[3].gain) << all[i].feature;
  for (size_t i = 0; i < 3; ++i) EXPECT_GT(all[i].cover, 0);
  EXPECT_EQ(all[0].weight, std::floor(all[0].weight));
}

TEST(Booster, ImportancesListFeaturesWithoutASplit) {
  MadeTable table(300);
  for (size_t i = 0; i < table.size(); ++i) table.values[4 * i + 3] = 7;
  const std::vector<Importance> all = grown(table, table.number, small()).booster.importances();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[3].weight, 0);
  EXPECT_EQ(all[3].gain, 0);
}

TEST(Booster, UnknownCategoriesAndMissingValuesArePredicted) {
  const MadeTable table(800);
  const Grown it = grown(table, table.number, small());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> rows = {99, 3, 3, 3, nan, nan, nan, nan};
  for (const float p : it.booster.predict(rows)) EXPECT_TRUE(std::isfinite(p));
}

TEST(Booster, DamagedBytesAreRefused) {
  const MadeTable table(200);
  std::vector<std::byte> bytes = grown(table, table.number, small()).booster.save();
  const auto load = [](std::span<const std::byte> some) { return [some] { Booster::load(some, "x.ckpt", 1); }; };
  error_of(load({}), Code::kData, "'x.ckpt' holds no trees");
  error_of(load(std::span(bytes).first(bytes.size() / 2)), Code::kData, "'x.ckpt' holds no trees, or damaged ones");
  const std::vector<std::byte> zeros(100);
  error_of(load(zeros), Code::kData, "'x.ckpt' holds no trees");
  const std::string json = R"({"learner": 3})";
  error_of(load(std::as_bytes(std::span(json))), Code::kData, "'x.ckpt' holds no trees");
}

TEST(Booster, TreesOfALaterVersionAreRefused) {
  const MadeTable table(200);
  std::vector<std::byte> bytes = grown(table, table.number, small()).booster.save();
  const std::string name = "penstock.version";
  auto at = std::search(bytes.begin(), bytes.end(), name.begin(), name.end(),
                        [](std::byte a, char b) { return static_cast<char>(a) == b; });
  ASSERT_NE(at, bytes.end());
  at = std::find(at, bytes.end(), std::byte{'1'});
  *at = std::byte{'7'};
  error_of([&] { Booster::load(bytes, "x", 1); }, Code::kUsage, "holds trees of version 7, this program reads 1");
}

TEST(Booster, GpusThatThisLibraryLacksAreNamed) {
  TreesConfig config = small();
  config.device = "cuda:0";
  error_of([&] { Booster(config, header_of(MadeTable(1))); }, Code::kDevice, "was built without CUDA");
  config.device = "tpu";
  error_of([&] { require_valid(config); }, Code::kUsage, "not on \"tpu\"");
}

}  // namespace
}  // namespace penstock::classic
