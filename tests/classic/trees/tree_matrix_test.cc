#include "models/classic/trees/tree_matrix.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "models/classic/trees/grow.h"
#include "tests/classic/trees/made_table.h"

namespace penstock::classic {
namespace {

using test::MadeStream;
using test::MadeTable;
using testing::HasSubstr;

TreesConfig config_of(TreesTask task = TreesTask::kRegression) {
  TreesConfig config;
  config.task = task;
  config.classes = task == TreesTask::kClasses ? 3 : 0;
  config.rounds = 8;
  config.max_depth = 4;
  return config;
}

std::string fault_of(RowStream& stream, const MadeTable& table, const TreesConfig& config) {
  try {
    const TreeMatrix matrix(stream, table.features, config);
  } catch (const Error& error) { return error.what(); }
  return "";
}

std::vector<float> predictions(const TreeMatrix& matrix, const MadeTable& table, const TreesConfig& config) {
  Booster booster(config, {.task = config.task, .features = table.features});
  GrowState state;
  grow(booster, matrix, nullptr, config, state, [](const GrowState&) { return true; });
  return booster.predict(table.values);
}

TEST(TreeMatrix, ReadsLentRowsInAFewPasses) {
  const MadeTable table(1000);
  MadeStream stream(table, table.number, 64);
  const TreeMatrix matrix(stream, table.features, config_of());
  EXPECT_EQ(matrix.rows(), 1000u);
  EXPECT_EQ(matrix.passes(), 4u);
  EXPECT_GE(stream.resets, 4u);
  const TreeMatrix like(stream, table.features, config_of(), {}, &matrix);
  EXPECT_EQ(like.passes(), 3u);
  EXPECT_FALSE(matrix.on_disk());
}

TEST(TreeMatrix, OnDiskGrowsTheTreesOfMemoryAndLeavesNoFile) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("trees." + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const MadeTable table(3000);
  const TreesConfig config = config_of();
  MadeStream stream(table, table.number, 256);
  const TreeMatrix memory(stream, table.features, config);
  {
    const TreeMatrix disk(stream, table.features, config, {.cache_prefix = (folder / "train").string()});
    EXPECT_TRUE(disk.on_disk());
    EXPECT_FALSE(std::filesystem::is_empty(folder));
    const std::vector<float> a = predictions(memory, table, config), b = predictions(disk, table, config);
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4) << i;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST(TreeMatrix, BlocksDecideNothingWhereQuantilesAreExact) {
  // Fewer different values than bins: the sketch keeps them all, however they come.
  const MadeTable table(1500);
  const TreesConfig config = config_of();
  MadeStream one(table, table.number, 1500), many(table, table.number, 37);
  const TreeMatrix whole(one, table.features, config), parts(many, table.features, config);
  EXPECT_EQ(predictions(whole, table, config), predictions(parts, table, config));
}

TEST(TreeMatrix, WeightsCount) {
  MadeTable table(1500);
  const TreesConfig config = config_of();
  MadeStream plain(table, table.number, 200), weighted(table, table.number, 200, true);
  const TreeMatrix a(plain, table.features, config), b(weighted, table.features, config);
  EXPECT_NE(predictions(a, table, config), predictions(b, table, config));
}

TEST(TreeMatrix, FaultsOfTheStreamComeThroughAsTheyAre) {
  class Broken final : public RowStream {
   public:
    void reset() override {}
    RowBlock next() override { throw std::runtime_error("the disk is gone"); }
  } stream;
  const MadeTable table(1);
  EXPECT_THROW(TreeMatrix(stream, table.features, config_of()), std::runtime_error);
}

TEST(TreeMatrix, TargetsThatAreNoneAreNamedByRow) {
  MadeTable table(500);
  table.number[321] = std::numeric_limits<float>::quiet_NaN();
  MadeStream numbers(table, table.number, 100);
  EXPECT_THAT(fault_of(numbers, table, config_of()), HasSubstr("the target of row 321 is nan and should be a number"));
  table.yes[7] = 2;
  MadeStream yes(table, table.yes, 100);
  EXPECT_THAT(fault_of(yes, table, config_of(TreesTask::kBinary)), HasSubstr("row 7 is 2.000000 and should be 0 or 1"));
  table.klass[499] = 3;
  MadeStream classes(table, table.klass, 100);
  EXPECT_THAT(fault_of(classes, table, config_of(TreesTask::kClasses)), HasSubstr("row 499"));
  const std::vector<float> none;
  class Bare final : public RowStream {
   public:
    explicit Bare(const MadeTable& t) : table(t) {}
    void reset() override { done = false; }
    RowBlock next() override {
      if (std::exchange(done, true)) return {};
      return {.rows = table.size(), .values = table.values};
    }
    const MadeTable& table;
    bool done = false;
  } bare(table);
  EXPECT_THAT(fault_of(bare, table, config_of()), HasSubstr("have no target"));
}

TEST(TreeMatrix, ValuesThatXgboostRefusesAreFaultsOfTheData) {
  MadeTable table(500);
  table.values[4 * 77 + 1] = std::numeric_limits<float>::infinity();
  MadeStream infinite(table, table.number, 100);
  EXPECT_THAT(fault_of(infinite, table, config_of()), HasSubstr("inf"));
  table.values[4 * 77 + 1] = 1;
  table.values[4 * 78] = -3;
  MadeStream negative(table, table.number, 100);
  EXPECT_THAT(fault_of(negative, table, config_of()), HasSubstr("ategor"));
}

TEST(TreeMatrix, NoRowsAreAnError) {
  const MadeTable table(0);
  MadeStream stream(table, table.number, 10);
  EXPECT_THAT(fault_of(stream, table, config_of()), HasSubstr("no rows"));
}

}  // namespace
}  // namespace penstock::classic
