// What people see of a table from training to predictions.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/io/temp_folder.h"
#include "tests/tools/program_run.h"

namespace penstock::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kRows = R"(seed = 1
data = { batch = 16, val = { by = "time", column = "d", last = "40" } }
table = { task = "regression", target = "y", categories = ["k"], numbers = ["x"] }
)";

class TableTrain : public testing::Test {
 protected:
  TableTrain() {
    ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
    folder.put("net.toml", std::string(kRows) +
                               "net = { arch = \"tabular\", layers = [8] }\ntrain = { epochs = 1, lr = 1e-3 }\n"
                               "lanes = { threads = 1 }\n");
    folder.put("trees.toml", std::string(kRows) + "trees = { rounds = 3 }\n");
  }
  ~TableTrain() override { ::unsetenv("XDG_CACHE_HOME"); }

  /// Of 200 rows the last 40 validate. `line` may change each.
  std::string rows(const std::function<void(int, std::string&)>& change = {}) const {
    std::string text = "d,k,x,y\n";
    for (int i = 0; i < 200; ++i) {
      std::string line = std::to_string(i) + "," + "abc"[i % 3] + "," + std::to_string(i * 37 % 101) + ".5," +
                         std::to_string(4000 + 13 * (i * i % 83));
      if (change) change(i, line);
      text += line + "\n";
    }
    return folder.put("rows.csv", text);
  }
  Ran train(const std::string& recipe, const std::string& data, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"train", folder / recipe, "--data", data, "--out", folder / "run", "--threads", "1"});
    return run(std::move(more));
  }

  io::TempFolder folder;
};

TEST_F(TableTrain, ARowWithoutATargetIsNamedByItsLineOnTheScreenAndInTheQuarantine) {
  const std::string data = rows([](int i, std::string& line) {
    if (i == 99) line = "99,a,1.5,";
  });
  for (const char* recipe : {"trees.toml", "net.toml"}) {
    const Ran ran = train(recipe, data, {"--set", "faults.budget=0.05"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(data + " line 101: its target 'y' is missing")) << recipe;
    EXPECT_THAT(io::text_of(folder / "run/quarantine.jsonl"), HasSubstr(data + " line 101: its target 'y'"));
    std::filesystem::remove_all(folder / "run");
  }
}

TEST_F(TableTrain, ABadRowToValidateOnSaysHowTheRunGoesOn) {
  const std::string data = rows(), val = folder.put("val.csv", "d,k,x,y\n1,a,1.5,4000\n2,b,2.5,4100\n3,a\n");
  const Ran failed = train("net.toml", data, {"--val", val});
  EXPECT_EQ(failed.code, 3);
  EXPECT_THAT(failed.err, HasSubstr("line 4 has 2 cells"));
  EXPECT_THAT(failed.err, HasSubstr("while validating after epoch 1"));
  EXPECT_THAT(failed.err, HasSubstr("--set faults.eval=skip"));
  const Ran went_on = train(
      "net.toml", data, {"--val", val, "--resume", "auto", "--set", "faults.eval=skip", "--set", "faults.budget=0.5"});
  EXPECT_EQ(went_on.code, 0) << went_on.err;
  EXPECT_THAT(run({"stages", "faults"}).out, HasSubstr("--set faults.eval=skip"));
}

TEST_F(TableTrain, PredictionsStandBesideTheTargetAsTheTableHasIt) {
  const std::string data = rows();
  ASSERT_EQ(train("net.toml", data).code, 0);
  ASSERT_EQ(run({"evaluate", folder / "run", "--data", data, "--predictions", folder / "p.csv"}).code, 0);
  std::ifstream file(folder / "p.csv");
  std::string line;
  std::getline(file, line);
  for (int id = 0; id < 40; ++id) {
    std::getline(file, line);
    const int i = 160 + id;
    EXPECT_THAT(line, testing::StartsWith(std::to_string(id) + "," + std::to_string(4000 + 13 * (i * i % 83)) + ","));
  }
}

TEST_F(TableTrain, WhatTheTrainingDidNotKnowIsCountedOnceAndInfinitiesAreSaid) {
  const std::string data = rows([](int i, std::string& line) {
    if (i >= 192) line = std::to_string(i) + ",z,1.5,4000";
  });
  const Ran trained = train("trees.toml", data);
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("column 'k': 8 of 40 values read are not in the vocabulary"));
  const std::string later = folder.put("new.csv", "k,x\na,1.5\nb,inf\nc,-inf\n");
  const Ran inferred = run({"infer", folder / "run", "--data", later, "--out", folder / "out.csv"});
  EXPECT_EQ(inferred.code, 0) << inferred.err;
  EXPECT_THAT(inferred.err, HasSubstr("column 'x': 2 of 3 values read are infinite and count as missing"));
}

TEST_F(TableTrain, QuietLeavesWarnings) {
  std::string text = "d,k,x,y\n";
  for (int i = 0; i < 200; ++i)
    text += std::to_string(i) + ",a," + std::to_string(i * i % 83) + "," + std::to_string(i * i % 83) + "\n";
  const Ran ran = train("trees.toml", folder.put("leak.csv", text), {"--quiet"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("warning: leak: column 'x' equals the target 'y'"));
  EXPECT_THAT(ran.err, Not(HasSubstr("to train on")));
}

TEST_F(TableTrain, KeysOfNetworksDoNothingForTreesAndThatIsSaid) {
  const Ran ran = train("trees.toml", rows(), {"--set", "train.sparse_rows=2"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("warning: --set train.sparse_rows=2 is of networks"));
}

TEST_F(TableTrain, CheckSpeaksOfRoundsWhereTreesGrow) {
  const std::string data = rows();
  const Ran trees = run({"check", folder / "trees.toml", "--data", data, "--threads", "1"});
  ASSERT_EQ(trees.code, 0) << trees.err;
  EXPECT_THAT(trees.out, HasSubstr("then at most 3 rounds of trees grow"));
  EXPECT_THAT(trees.out, Not(HasSubstr("epoch")));
  EXPECT_THAT(trees.out, Not(HasSubstr("network")));
  EXPECT_THAT(run({"check", folder / "net.toml", "--data", data, "--threads", "1"}).out, HasSubstr("1 epoch in"));
}

TEST_F(TableTrain, AFractionOfZeroTrainsOnAllRows) {
  const std::string data = rows();
  const Ran ran = train("trees.toml", data, {"--set", "data.val.fraction=0"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("200 rows to train on; none to validate on"));
  const Ran tried = run({"evaluate", folder / "run", "--data", data, "--json"});
  EXPECT_EQ(tried.json()["records"], 200) << tried.err;
}

TEST_F(TableTrain, CompareRefusesWhatCannotBeComparedBeforeItTrains) {
  std::ofstream(folder / "other.toml") << "base = \"trees.toml\"\n[data.val]\nlast = \"20\"\n";
  const Ran ran =
      run({"compare", folder / "trees.toml", folder / "other.toml", "--data", rows(), "--out", folder / "both"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("cannot be compared: data.val is"));
  EXPECT_FALSE(std::filesystem::exists(folder / "both"));
}

}  // namespace
}  // namespace penstock::test
