#include "pipelines/trees/trees_job.h"

#include <cmath>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/table/csv_reader.h"
#include "pipelines/recipe/load.h"
#include "pipelines/trees/table_rows.h"
#include "pipelines/trees/trees_report.h"
#include "pipelines/trees/use_trees.h"
#include "tests/io/temp_folder.h"
#include "tests/pipelines/rows_in_memory.h"

namespace penstock::trees {
namespace {

using nlohmann::json;
using test::RowsInMemory;
using testing::HasSubstr;
using testing::MatchesRegex;
using train::Resume;

/// Counts rounds, and may act at one of them.
class Rounds final : public ProgressSink {
 public:
  void begin(std::string_view what, uint64_t, std::string_view, uint64_t) override { growing_ = what == "growing"; }
  void update(uint64_t done, std::string_view) override {
    if (growing_ && on_round) on_round(done);
  }
  void say(std::string_view line) override { text += std::string(line) + "\n"; }
  void end() override {}
  std::function<void(uint64_t)> on_round;
  std::string text;

 private:
  bool growing_ = false;
};

class TreesJob : public testing::Test {
 protected:
  pipelines::Recipe recipe(std::vector<std::string> set = {}) const {
    return pipelines::parse_recipe(
        "seed = 3\n[data]\nbatch = 64\n[trees]\nrounds = 12\nmax_depth = 4\nsubsample = 0.7\ncolsample_bynode = 0.7\n"
        "block = 100\n",
        "test", {.set = std::move(set)});
  }
  TreesOptions options(std::vector<std::string> set = {}, const std::string& run = "run") {
    return {.recipe = recipe(std::move(set)), .run = path(run), .progress = &heard};
  }
  TreesModel model(const std::string& run = "run") { return open_trees_model(io::FileSystem::real(), path(run), {}); }
  std::string path(const std::string& name) const { return folder / name; }
  std::vector<std::string> lines(const std::string& name) const {
    std::vector<std::string> all;
    std::ifstream file(path(name));
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }
  void expect_error(const std::function<void()>& work, Code code, const std::string& words) {
    try {
      work();
      ADD_FAILURE() << "nothing was thrown where '" << words << "' was due";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  }

  io::TempFolder folder;
  Rounds heard;
  RowsInMemory data{1500}, val{400, Task::kRegression, 9};
};

TEST_F(TreesJob, LeavesARunThatSaysAll) {
  const TreesResult result = train_trees(options({"trees.rounds=40"}), data, &val);
  EXPECT_EQ(result.rounds, 40u);
  EXPECT_EQ(result.best_round, 40u);
  EXPECT_EQ(result.records, 1500u);
  EXPECT_EQ(result.passes, 4u);
  const json said = json::parse(result.to_json());
  for (const char* key :
       {"seconds", "records_per_second", "data_wait_seconds", "train_loss", "val_loss", "val_rmse", "val_rmspe"})
    EXPECT_TRUE(said.at(key).is_number()) << key;
  EXPECT_LT(said["val_rmse"].get<double>(), 1.3);
  EXPECT_EQ(said["model"], "boosted trees");
  for (const char* name : {"recipe.toml", "run.json", "report.json", "importances.svg", "checkpoints/best.ckpt"})
    EXPECT_TRUE(io::FileSystem::real().exists(path("run/" + std::string(name)))) << name;
  EXPECT_FALSE(io::FileSystem::real().exists(path("run/cache")));
  const auto metrics = lines("run/metrics.jsonl");
  ASSERT_EQ(metrics.size(), 40u);
  EXPECT_EQ(json::parse(metrics[39])["round"], 40);
  EXPECT_NEAR(json::parse(metrics[39])["val_rmse"].get<double>(), said["val_rmse"].get<double>(), 1e-4);
  const auto importances = lines("run/importances.csv");
  ASSERT_EQ(importances.size(), 5u);
  EXPECT_EQ(importances[0], "feature,gain,weight,cover");
  EXPECT_THAT(importances[1], HasSubstr("shop,"));
  EXPECT_THAT(importances[4], HasSubstr("noise,"));
}

TEST_F(TreesJob, StoppedAndGoneOnIsAsNeverStopped) {
  const TreesResult straight = train_trees(options({}, "straight"), data, &val);
  for (const char* memory : {"ram", "disk"}) {
    const std::string run = std::string("stopped-") + memory, where = std::string("trees.memory=") + memory;
    const TreesResult whole = train_trees(options({where}, std::string("whole-") + memory), data, &val);
    std::stop_source stop;
    heard.on_round = [&](uint64_t round) {
      if (round == 5) stop.request_stop();
    };
    TreesOptions first = options({where}, run);
    first.stop = stop.get_token();
    const TreesResult stopped = train_trees(std::move(first), data, &val);
    heard.on_round = {};
    EXPECT_EQ(stopped.end, TreesEnd::kStopped);
    EXPECT_EQ(stopped.rounds, 5u);
    TreesOptions second = options({where}, run);
    second.resume = Resume::kMust;
    const TreesResult again = train_trees(std::move(second), data, &val);
    EXPECT_EQ(again.resumed_from_round, 5u);
    EXPECT_EQ(again.rounds, 12u);
    EXPECT_EQ(again.weights_xxh3, whole.weights_xxh3);
    EXPECT_EQ(again.val, whole.val);
    const auto metrics = lines(run + "/metrics.jsonl");
    ASSERT_EQ(metrics.size(), 12u);
    EXPECT_EQ(json::parse(metrics[11])["train_rmse"],
              json::parse(lines("whole-" + std::string(memory) + "/metrics.jsonl")[11])["train_rmse"]);
  }
  EXPECT_EQ(straight.memory, "ram");
}

TEST_F(TreesJob, MoreRoundsMayComeLater) {
  train_trees(options({"trees.rounds=6"}), data, &val);
  TreesOptions more = options({"trees.rounds=12"});
  more.resume = Resume::kAuto;
  const TreesResult later = train_trees(std::move(more), data, &val);
  EXPECT_EQ(later.weights_xxh3, train_trees(options({}, "straight"), data, &val).weights_xxh3);
  TreesOptions other = options({"trees.eta=0.1"});
  other.resume = Resume::kAuto;
  expect_error([&] { train_trees(std::move(other), data, &val); }, Code::kUsage, "trees.eta: 0.3 in the run, 0.1 now");
  const RowsInMemory others(1501);
  TreesOptions elsewhere = options();
  elsewhere.resume = Resume::kAuto;
  expect_error([&] { train_trees(std::move(elsewhere), others, &val); }, Code::kUsage, "was trained on the data");
}

TEST_F(TreesJob, EarlyStoppingKeepsTheBestRounds) {
  const TreesResult result =
      train_trees(options({"trees.rounds=500", "trees.eta=1.0", "trees.early_stopping_rounds=5"}), data, &val);
  EXPECT_EQ(result.end, TreesEnd::kEarly);
  EXPECT_EQ(result.rounds, result.best_round + 5);
  EXPECT_EQ(model().booster.rounds(), result.best_round);
  const TreesEvaluation tried = evaluate_trees(model(), val, {});
  EXPECT_EQ(tried.scores, result.val);
  TreesOptions again = options({"trees.rounds=500", "trees.eta=1.0", "trees.early_stopping_rounds=5"});
  again.resume = Resume::kAuto;
  const TreesResult finished = train_trees(std::move(again), data, &val);
  EXPECT_EQ(finished.weights_xxh3, result.weights_xxh3);
  EXPECT_GE(finished.seconds,
            result.grow_seconds + result.bins_seconds);  // of the training, not of looking at it again
  expect_error([&] { train_trees(options({"trees.early_stopping_rounds=5"}, "x"), data, nullptr); }, Code::kUsage,
               "needs data to validate on");
}

TEST_F(TreesJob, PredictsARowARecordInOwnUnits) {
  const RowsInMemory logs(1500, Task::kRegression, 1, TargetLog::kLog),
      others(300, Task::kRegression, 9, TargetLog::kLog);
  train_trees(options({"trees.rounds=60"}), logs, nullptr);
  const train::InferResult result = infer_trees(model(), others, {.out = path("out.csv")});
  EXPECT_EQ(result.records, 300u);
  const auto rows = lines("out.csv");
  ASSERT_EQ(rows.size(), 301u);
  EXPECT_EQ(rows[0], "id,prediction,error");
  const TreesEvaluation tried = evaluate_trees(model(), others, {}, path("predictions.csv"));
  double squares = 0;
  const auto predictions = lines("predictions.csv");
  ASSERT_EQ(predictions.size(), 301u);
  for (uint64_t id = 0; id < 300; ++id) {
    const double predicted = std::stod(rows[id + 1].substr(rows[id + 1].find(',') + 1));
    squares += std::pow(predicted / others.row(id).sales - 1, 2);
    EXPECT_THAT(predictions[id + 1], testing::StartsWith(std::to_string(id) + ","));
  }
  const double rmspe = std::sqrt(squares / 300);
  EXPECT_LT(rmspe, 0.09);
  for (const metrics::Figure& figure : tried.scores)
    if (figure.name == "rmspe") { EXPECT_NEAR(figure.value, rmspe, 1e-5); }
}

TEST_F(TreesJob, ItsRunIsReportedInWordsAndInJson) {
  const TreesResult result = train_trees(options(), data, &val);
  io::FileSystem& fs = io::FileSystem::real();
  EXPECT_TRUE(is_trees_run(fs, path("run")));
  const TreesReport report = read_trees_run(fs, path("run"));
  const std::string text = report_text(report);
  for (const char* words : {"boosted trees on cpu, 12 of 12 rounds\n", "limited this run", "What would lift it",
                            "waiting for rows", "After round 12: training rmse", "The model, the first 12 rounds",
                            "It looks at: shop ", "1500 rows, ", "4 passes", "in memory as bins"})
    EXPECT_THAT(text, HasSubstr(words));
  EXPECT_THAT(text, HasSubstr("weights " + result.weights_xxh3));
  const json said = json::parse(report_json(report));
  EXPECT_EQ(said["rounds"], 12);
  EXPECT_EQ(said["weights_xxh3"], result.weights_xxh3);
  const json result_said = json::parse(result.to_json());
  for (const char* key : {"val_loss", "val_rmse", "val_mae"}) EXPECT_EQ(said[key], result_said[key]) << key;
  EXPECT_GT(said["train_rmse"].get<double>(), 0);
  const json& totals = said["totals"];
  EXPECT_GT(totals["bins_seconds"].get<double>(), 0);
  EXPECT_LE(totals["data_wait_seconds"].get<double>(), totals["bins_seconds"].get<double>());
  EXPECT_LE(totals["bins_seconds"].get<double>() + totals["grow_seconds"].get<double>(),
            totals["seconds"].get<double>());
  double gains = 0;
  for (const json& share : said["gain_shares"]) gains += share.get<double>();
  EXPECT_NEAR(gains, 1, 1e-9);

  train_trees(options({"trees.eta=0.1"}, "other"), data, &val);
  const std::string compared = comparison_text(report, read_trees_run(fs, path("other")));
  EXPECT_THAT(compared, HasSubstr("trees.eta: 0.3 -> 0.1"));
  EXPECT_THAT(compared, HasSubstr("validation rmse"));
  EXPECT_THAT(compared, HasSubstr("The trees differ."));
}

TEST_F(TreesJob, ARunUnderWayIsReportedAsOfItsCheckpoint) {
  std::stop_source stop;
  heard.on_round = [&](uint64_t done) {
    if (done == 5) stop.request_stop();
  };
  TreesOptions first = options();
  first.stop = stop.get_token();
  train_trees(std::move(first), data, &val);
  io::FileSystem& fs = io::FileSystem::real();
  fs.unlink(path("run/report.json"));  // a killed run has none
  const TreesReport report = read_trees_run(fs, path("run"));
  EXPECT_THAT(report_text(report), HasSubstr("5 of 12 rounds (as of its newest checkpoint)"));
  EXPECT_TRUE(json::parse(report_json(report))["weights_xxh3"].is_null());
  expect_error([&] { read_trees_run(fs, folder.path()); }, Code::kUsage, "no run directory of trees");
}

TEST_F(TreesJob, ClassesAndYesOrNoArePredictedByName) {
  const RowsInMemory classes(1500, Task::kClasses), others(300, Task::kClasses, 9);
  const TreesResult result = train_trees(options({"trees.rounds=30"}), classes, &others);
  EXPECT_EQ(result.val[0].name, "loss");
  EXPECT_LT(result.val[0].value, 0.3);
  infer_trees(model(), others, {.out = path("classes.csv")});
  const auto rows = lines("classes.csv");
  EXPECT_THAT(rows[0], MatchesRegex("id,prediction(,p_[^,]+)+,error"));
  size_t right = 0;
  for (uint64_t id = 0; id < 300; ++id)
    right += rows[id + 1].find("," + classes.class_names()[static_cast<size_t>(others.label(id))] + ",") !=
             std::string::npos;
  EXPECT_GT(right, 270u);
  const RowsInMemory yes(1500, Task::kBinary), more(300, Task::kBinary, 9);
  const TreesResult binary = train_trees(options({"trees.rounds=30"}, "binary"), yes, &more);
  const json said = json::parse(binary.to_json());
  EXPECT_GT(said["val_auc"].get<double>(), 0.97);
  EXPECT_EQ(said["val_loss"], said["val_log_loss"]);
  infer_trees(model("binary"), more, {.out = path("binary.csv")});
  const auto chances = lines("binary.csv");
  ASSERT_EQ(chances.size(), 301u);
  EXPECT_EQ(chances[0], "id,prediction,probability,error");
  size_t guessed = 0;
  for (uint64_t id = 0; id < 300; ++id) {
    const double chance =
        std::stod(chances[id + 1].substr(chances[id + 1].find(',', chances[id + 1].find(',') + 1) + 1));
    EXPECT_THAT(chances[id + 1], HasSubstr(chance > 0.5 ? ",yes," : ",no,"));
    guessed += (chance > 0.5) == (more.target(id) > 0.5);
  }
  EXPECT_NEAR(static_cast<double>(guessed) / 300, said["val_accuracy"].get<double>(), 1e-5);
}

TEST_F(TreesJob, AForestIsOneRound) {
  const RowsInMemory classes(1500, Task::kClasses), others(300, Task::kClasses, 9);
  const TreesResult result =
      train_trees(options({"trees.kind=forest", "trees.trees=25", "trees.max_depth=10"}), classes, &others);
  EXPECT_EQ(result.rounds, 1u);
  const json said = json::parse(result.to_json());
  EXPECT_EQ(said["model"], "forest");
  EXPECT_GT(said["val_accuracy"].get<double>(), 0.9);
}

TEST_F(TreesJob, BadRowsAreLeftOutAndNamed) {
  data.bad = {7, 700};
  const TreesResult result = train_trees(options({"faults.budget=1%"}), data, nullptr);
  EXPECT_EQ(result.records, 1498u);
  EXPECT_EQ(result.rejected, 2u);
  const auto refused = lines("run/quarantine.jsonl");
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_EQ(json::parse(refused[1])["record"], 700);
  EXPECT_THAT(heard.text, HasSubstr("record 7 (rows) refused and left out: made bad"));
  val.bad = {3};
  const train::InferResult inferred = infer_trees(model(), val, {.out = path("out.csv")});
  EXPECT_EQ(inferred.errors, 1u);
  EXPECT_THAT(lines("out.csv")[4], HasSubstr("made bad"));
}

TEST_F(TreesJob, AStopWhileRowsAreReadLeavesNothing) {
  std::stop_source stop;
  data.before_read = [&](std::span<const uint64_t> ids) {
    if (ids[0] >= 800) stop.request_stop();
  };
  TreesOptions stopped = options();
  stopped.stop = stop.get_token();
  expect_error([&] { train_trees(std::move(stopped), data, &val); }, Code::kCancelled, "");
  EXPECT_FALSE(io::FileSystem::real().exists(path("run/run.json")));
  data.before_read = {};
  EXPECT_EQ(train_trees(options(), data, &val).rounds, 12u);
}

TEST_F(TreesJob, ATimeLimitEndsAfterARound) {
  TreesOptions limited = options({"trees.rounds=100000"});
  limited.time_limit_seconds = 0.5;
  const TreesResult result = train_trees(std::move(limited), data, &val);
  EXPECT_EQ(result.end, TreesEnd::kTimeUp);
  EXPECT_GT(result.rounds, 0u);
  EXPECT_THAT(result.text(), HasSubstr("Go on with the same line"));
}

TEST_F(TreesJob, MemoryThatIsTooSmallPutsRowsOnDisk) {
  const TreesResult result = train_trees(options({"budget.ram=64KiB"}), data, nullptr);
  EXPECT_EQ(result.memory, "disk");
  expect_error(
      [&] {
        train_trees(options({"budget.ram=64KiB", "trees.memory=ram"}, "x"), data, nullptr);
      },
      Code::kMemory, "trees.memory = \"disk\"");
}

TEST_F(TreesJob, OtherColumnsAreNamed) {
  train_trees(options(), data, nullptr);
  RowsInMemory renamed(100);
  renamed.fields().numbers[1] = "month";
  expect_error([&] { evaluate_trees(model(), renamed, {}); }, Code::kUsage,
               "'week' is missing\n  'month' is not one of them");
  EXPECT_TRUE(is_trees_model(io::FileSystem::real(), path("run")));
  EXPECT_FALSE(is_trees_model(io::FileSystem::real(), path("nothing")));
}

TEST_F(TreesJob, KeysThatTreesDoNotKnowAreRefused) {
  expect_error([&] { recipe({"trees.depth=3"}); }, Code::kUsage, "max_depth");
  EXPECT_EQ(pipelines::parse_recipe(pipelines::to_toml(recipe()), "again"), recipe());
  EXPECT_FALSE(pipelines::parse_recipe("seed = 1\n", "net").trees);
}

}  // namespace
}  // namespace penstock::trees
