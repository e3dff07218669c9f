#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "pipelines/recipe/load.h"
#include "pipelines/stream/passage.h"

namespace penstock::test {
namespace {

pipelines::Recipe recipe_with_phases() {
  return pipelines::parse_recipe(R"(
[data]
batch = 10
last = "keep"
[train]
epochs = 5
[[phase]]
until_epoch = 2
set = { "data.batch" = 25 }
)",
                                 "test.toml");
}

TEST(StepName, ReadsBothForms) {
  EXPECT_EQ(StepName::parse("1200").step, 1200u);
  EXPECT_FALSE(StepName::parse("1200").epoch);
  EXPECT_EQ(StepName::parse("3:17").epoch, 3u);
  EXPECT_EQ(StepName::parse("3:17").step, 17u);
  for (const char* bad : {"", ":", "3:", ":4", "-1", "1.5", "1:2:3", "a"})
    EXPECT_THROW(StepName::parse(bad), Error) << bad;
}

TEST(Passage, CountsStepsOverPhases) {
  const pipelines::Recipe recipe = recipe_with_phases();  // 100 records: 4 steps an epoch, from epoch 2 on 10
  const auto at = [&](uint64_t step) { return locate_step(recipe, Mode::kTrain, 100, {.step = step}); };
  EXPECT_EQ(at(0), std::pair(uint64_t{0}, uint64_t{0}));
  EXPECT_EQ(at(7), std::pair(uint64_t{1}, uint64_t{3}));
  EXPECT_EQ(at(8), std::pair(uint64_t{2}, uint64_t{0}));
  EXPECT_EQ(at(29), std::pair(uint64_t{4}, uint64_t{1}));
  EXPECT_EQ(at(1008), std::pair(uint64_t{102}, uint64_t{0})) << "the last phase goes on";
  EXPECT_THROW(locate_step(recipe, Mode::kTrain, 100, {.epoch = 0, .step = 4}), Error);
  EXPECT_EQ(locate_step(recipe, Mode::kTrain, 100, {.epoch = 2, .step = 9}), std::pair(uint64_t{2}, uint64_t{9}));
}

TEST(Passage, IsCutWhereAPhaseEnds) {
  const auto segments = segments_of(recipe_with_phases(), 1, 2, 3);
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[0].epoch, 1u);
  EXPECT_EQ(segments[0].step, 2u);
  EXPECT_EQ(segments[0].epochs, 1u);
  EXPECT_EQ(segments[0].recipe.data.batch, 25u);
  EXPECT_EQ(segments[1].epoch, 2u);
  EXPECT_EQ(segments[1].step, 0u);
  EXPECT_EQ(segments[1].epochs, 2u);
  EXPECT_EQ(segments[1].recipe.data.batch, 10u);
}

}  // namespace
}  // namespace penstock::test
