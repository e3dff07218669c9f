// What a growth of trees says of bad rows, and what later starts keep of the first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "pipelines/recipe/load.h"
#include "pipelines/trees/trees_job.h"
#include "tests/io/temp_folder.h"
#include "tests/pipelines/rows_in_memory.h"

namespace penstock::trees {
namespace {

using nlohmann::json;
using test::RowsInMemory;
using testing::HasSubstr;
using testing::Not;

class Heard final : public ProgressSink {
 public:
  void begin(std::string_view, uint64_t, std::string_view, uint64_t) override {}
  void update(uint64_t, std::string_view) override {}
  void say(std::string_view line) override { text += std::string(line) + "\n"; }
  void end() override {}
  std::string text;
};

class TreesFaults : public testing::Test {
 protected:
  TreesResult grow(const std::vector<std::string>& set, train::Resume resume = train::Resume::kAuto) {
    return train_trees({.recipe = pipelines::parse_recipe("[trees]\nrounds = 3\nmax_depth = 2\n", "test", {.set = set}),
                        .run = folder / "run",
                        .resume = resume,
                        .progress = &heard},
                       data, &val);
  }
  io::TempFolder folder;
  Heard heard;
  RowsInMemory data{600}, val{200, Task::kRegression, 9};
};

TEST_F(TreesFaults, OfManyBadRowsTheFirstAreNamedAndTheRestCounted) {
  for (uint64_t id = 0; id < 70; id += 10) data.bad.insert(id);
  grow({"faults.budget=10%"});
  EXPECT_THAT(heard.text, HasSubstr("record 40 (rows) refused and left out: made bad"));
  EXPECT_THAT(heard.text, Not(HasSubstr("record 50 (rows)")));
  EXPECT_THAT(heard.text, HasSubstr("and 2 more; '" + (folder / "run/quarantine.jsonl") + "' names them"));
}

TEST_F(TreesFaults, ABadRowToValidateOnSaysHowItIsPassedOver) {
  val.bad = {3};
  EXPECT_THAT(io::error_of([&] { grow({}); }), HasSubstr("--set faults.eval=skip"));
  grow({"faults.eval=skip", "faults.budget=1%"});
  EXPECT_THAT(heard.text, HasSubstr("record 3 (rows) refused and left out"));
}

TEST_F(TreesFaults, AStartThatFindsAllDoneKeepsTheMemoryThatTheTrainingTook) {
  const TreesResult first = grow({});
  EXPECT_GT(first.peak_rss_bytes, 10u << 20);
  json report = json::parse(io::text_of(folder / "run/report.json"));
  EXPECT_EQ(report["peak_rss_bytes"], first.peak_rss_bytes);
  report["peak_rss_bytes"] = uint64_t{1} << 50;  // as if a process that needed much more had written it
  folder.put("run/report.json", report.dump());
  for (int start = 0; start < 2; ++start) EXPECT_EQ(grow({}).peak_rss_bytes, uint64_t{1} << 50);
  folder.put("run/report.json", "{");
  EXPECT_LT(grow({}).peak_rss_bytes, uint64_t{1} << 50);
}

}  // namespace
}  // namespace penstock::trees
