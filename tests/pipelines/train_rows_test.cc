// Trainings of rows: the same commands, the task's own figures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "pipelines/recipe/load.h"
#include "pipelines/train/evaluate_job.h"
#include "pipelines/train/infer_job.h"
#include "pipelines/train/report_job.h"
#include "pipelines/train/train_job.h"
#include "tests/io/temp_folder.h"
#include "tests/support/memory_rows.h"

namespace penstock {
namespace {

using nlohmann::json;
using test::MemoryRows;
using testing::HasSubstr;

constexpr const char* kRecipe = R"(
seed = 3
[data]
batch = 32
[net]
arch = "tabular"
layers = [16, 8]
dropout = 0.05
embeddings = { Store = 5 }
[train]
epochs = 6
lr = 2e-2
[lanes]
threads = 1
[checkpoint]
every = "5steps"
)";

class RowsWorld {
 public:
  explicit RowsWorld(Task task) : train(256, task, 1), val(100, task, 2) {}

  train::TrainResult run(const std::string& name = "run", std::vector<std::string> set = {},
                         train::Resume resume = train::Resume::kNever, bool with_val = true,
                         const std::function<void()>& on_update = {}, std::stop_token stop = {}) {
    struct Ears final : ProgressSink {
      void begin(std::string_view, uint64_t, std::string_view unit, uint64_t) override { units = unit; }
      void update(uint64_t, std::string_view) override {
        if (on_update) on_update();
      }
      void say(std::string_view line) override { said += std::string(line) + "\n"; }
      void end() override {}
      std::string said, units;
      std::function<void()> on_update;
    } ears;
    ears.on_update = on_update;
    if (train.table_fields()->task == Task::kRegression) set.insert(set.begin(), "net.range=[33, 665]");
    train::TrainResult result = train::train({.recipe = pipelines::parse_recipe(kRecipe, "rows.toml", {.set = set}),
                                              .run = path(name),
                                              .resume = resume,
                                              .stop = stop,
                                              .progress = &ears},
                                             train, with_val ? &val : nullptr);
    said = ears.said;
    EXPECT_EQ(ears.units, "rows");
    return result;
  }
  std::string path(const std::string& name) const { return folder_ / name; }
  train::Model model(const std::string& name = "run") const {
    return train::open_model(io::FileSystem::real(), path(name), {});
  }
  std::string infer(const std::string& file, const io::Dataset& data) const {
    train::infer_model(model(), data, {.out = path(file)});
    return io::text_of(path(file));
  }

  MemoryRows train, val;
  std::string said;

 private:
  io::TempFolder folder_;
};

TEST(TrainRows, ARegressionIsMeasuredInItsOwnUnits) {
  RowsWorld world(Task::kRegression);
  const auto result = json::parse(world.run().to_json());
  EXPECT_EQ(result["task"], "regression");
  EXPECT_LT(result["val_rmspe"].get<double>(), 0.3);  // a constant gives 0.45
  EXPECT_GT(result["val_rmse"].get<double>(), 1);     // of numbers about 150
  EXPECT_GT(result["val_mae"].get<double>(), 1);
  EXPECT_LE(result["best_val_rmspe"].get<double>(), result["val_rmspe"].get<double>());
  EXPECT_FALSE(result.contains("val_top1"));
  EXPECT_FALSE(result.contains("train_top1"));
  EXPECT_THAT(world.said, HasSubstr("rmspe"));

  const auto evaluated = json::parse(train::evaluate_model(world.model(), world.val, {}).to_json());
  EXPECT_DOUBLE_EQ(evaluated["rmspe"].get<double>(), result["best_val_rmspe"].get<double>());
  EXPECT_EQ(evaluated["records"], 100);
  EXPECT_FALSE(evaluated.contains("top1"));

  const train::RunReport report = train::read_run(io::FileSystem::real(), world.path("run"));
  EXPECT_TRUE(report.proven());
  ASSERT_EQ(report.metrics.size(), 6u);
  double best = 1e9;
  for (const train::EpochMetrics& m : report.metrics) best = std::min(best, m.figures.at(0).value);
  EXPECT_DOUBLE_EQ(best, result["best_val_rmspe"].get<double>());
  EXPECT_THAT(train::report_text(report), HasSubstr("rmspe"));

  std::istringstream lines(world.infer("out.csv", world.val));
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "id,prediction,error");
  double squares = 0;
  for (uint64_t id = 0; std::getline(lines, line); ++id) {
    const double truth = std::exp(static_cast<double>(world.val.target(id)));
    const double error = std::stod(line.substr(line.find(',') + 1)) / truth - 1;
    squares += error * error;
  }
  EXPECT_NEAR(std::sqrt(squares / 100), evaluated["rmspe"].get<double>(), 1e-5);
}

TEST(TrainRows, YesOrNoHasAnAuc) {
  RowsWorld world(Task::kBinary);
  const auto result = json::parse(world.run().to_json());
  EXPECT_GT(result["val_auc"].get<double>(), 0.85);
  EXPECT_GT(result["val_accuracy"].get<double>(), 0.7);
  EXPECT_DOUBLE_EQ(result["val_log_loss"].get<double>(), result["val_loss"].get<double>());
  EXPECT_GT(result["train_accuracy"].get<double>(), 0.7);
  EXPECT_GE(result["best_val_auc"].get<double>(), result["val_auc"].get<double>());
  const std::string rows = world.infer("out.csv", world.val);
  EXPECT_THAT(rows, HasSubstr("id,prediction,probability,error\n0,"));
  EXPECT_THAT(rows, testing::AllOf(HasSubstr(",yes,0."), HasSubstr(",no,0.")));
  world.infer("out.h5", world.val);
}

TEST(TrainRows, ClassesHaveAProbabilityEach) {
  RowsWorld world(Task::kClasses);
  const auto result = json::parse(world.run().to_json());
  EXPECT_GT(result["val_accuracy"].get<double>(), 0.5);
  EXPECT_THAT(world.infer("out.csv", world.val), HasSubstr("id,prediction,p_low,p_middle,p_high,error\n0,"));
  const train::EvaluateResult evaluated = train::evaluate_model(world.model(), world.val, {.confusion = true});
  int64_t counted = 0;
  for (int64_t t = 0; t < 3; ++t)
    for (int64_t p = 0; p < 3; ++p) counted += evaluated.evaluation.confusion->count(t, p);
  EXPECT_EQ(counted, 100);
}

TEST(TrainRows, WithoutValidationTheLowestLossIsTheBest) {
  RowsWorld world(Task::kRegression);
  const auto result = json::parse(world.run("run", {}, train::Resume::kNever, false).to_json());
  EXPECT_TRUE(result.contains("best_train_loss"));
  EXPECT_GT(result["best_epoch"].get<int>(), 0);
  EXPECT_LE(result["best_train_loss"].get<double>(), result["train_loss"].get<double>());
}

class RowsOn : public testing::TestWithParam<const char*> {};

TEST_P(RowsOn, GoOnExactlyWhereTheyWereStopped) {
  const std::vector<std::string> set = {GetParam()};
  RowsWorld world(Task::kRegression);
  const train::TrainResult whole = world.run("whole", set);
  std::stop_source source;
  int steps = 0;
  const train::TrainResult first = world.run(
      "cut", set, train::Resume::kNever, true,
      [&] {
        if (++steps == 21) source.request_stop();
      },
      source.get_token());
  EXPECT_EQ(first.end, train::TrainEnd::kStopped);
  EXPECT_LT(first.steps, whole.steps);
  const train::TrainResult second = world.run("cut", set, train::Resume::kMust);
  EXPECT_EQ(second.resumed_from_step, first.steps);
  EXPECT_EQ(second.weights_xxh3, whole.weights_xxh3);
  EXPECT_EQ(second.last.figures, whole.last.figures);
  EXPECT_EQ(second.best, whole.best);
}

INSTANTIATE_TEST_SUITE_P(Devices, RowsOn,
                         testing::Values("lanes.devices=[\"cpu\"]", "lanes.devices=[\"sim:0\"]",
                                         "lanes.devices=[\"cpu\", \"cpu\"]"),
                         [](const auto& info) { return "World" + std::to_string(info.index); });

class SparseOn : public testing::TestWithParam<const char*> {};

TEST_P(SparseOn, RowsThatAreBroughtAheadAreTheSameBits) {
  const auto set = [](int ahead) {
    return std::vector<std::string>{GetParam(), "train.sparse_rows=40", "train.sparse_ahead=" + std::to_string(ahead)};
  };
  RowsWorld world(Task::kBinary);
  const train::TrainResult in_step = world.run("in_step", set(0)), ahead = world.run("ahead", set(2));
  EXPECT_EQ(ahead.weights_xxh3, in_step.weights_xxh3);
  EXPECT_EQ(ahead.last.figures, in_step.last.figures);
  EXPECT_EQ(in_step.totals.rows.batches_ahead, 0U);
  EXPECT_EQ(ahead.totals.rows.batches_ahead, ahead.totals.rows.batches);
  EXPECT_EQ(ahead.totals.rows.rows, in_step.totals.rows.rows);
  EXPECT_THAT(train::report_text(train::read_run(io::FileSystem::real(), world.path("ahead"))),
              HasSubstr("Rows of embeddings in RAM: brought ahead for 100"));

  std::stop_source source;
  int steps = 0;
  world.run(
      "cut", set(2), train::Resume::kNever, true,
      [&] {
        if (++steps == 21) source.request_stop();
      },
      source.get_token());
  const train::TrainResult second = world.run("cut", set(1), train::Resume::kMust);
  EXPECT_GT(second.resumed_from_step, 0U);
  EXPECT_EQ(second.weights_xxh3, in_step.weights_xxh3);
  EXPECT_EQ(second.totals.rows.batches, in_step.totals.rows.batches);  // of both processes
}

INSTANTIATE_TEST_SUITE_P(Devices, SparseOn,
                         testing::Values("lanes.devices=[\"cpu\"]", "lanes.devices=[\"sim:0\"]",
                                         "lanes.devices=[\"cpu\", \"cpu\"]", "lanes.devices=[\"sim:0\", \"sim:1\"]"),
                         [](const auto& info) { return "World" + std::to_string(info.index); });

TEST(TrainRows, RowsAheadAreFewerWhereTheBudgetIsSmall) {
  RowsWorld world(Task::kBinary);
  world.run("run", {"train.sparse_rows=40", "train.sparse_ahead=16", "budget.ram=200KiB"});
  EXPECT_THAT(world.said, HasSubstr("batches ahead, not 16 (train.sparse_ahead)"));
}

TEST(TrainRows, RowsAheadGiveWayToTheData) {
  RowsWorld world(Task::kBinary);
  // Small batches: their rows take less than a quarter of what a batch in its pages does.
  std::vector<std::string> set = {"train.sparse_rows=40", "train.sparse_ahead=0", "data.batch=4", "budget.ram=1KiB"};
  std::string least;  // "the least for this graph, batch and thread count is budget.ram=12345B (...)"
  try {
    world.run("nothing", set);
    FAIL() << "it ran in 1 KiB";
  } catch (const Error& error) {
    const std::string text = error.what();
    const size_t at = text.find("budget.ram=");
    ASSERT_NE(at, std::string::npos) << text;
    least = text.substr(at, text.find('B', at) + 1 - at);
  }
  set.back() = least;
  const train::TrainResult in_step = world.run("none", set);
  set[1] = "train.sparse_ahead=2";
  const train::TrainResult ahead = world.run("run", set);
  EXPECT_EQ(ahead.weights_xxh3, in_step.weights_xxh3);
  EXPECT_THAT(world.said, HasSubstr("are brought 0 batches ahead from now on, not "));
}

TEST(TrainRows, ASimulatedDeviceLearnsTheSameBits) {
  RowsWorld world(Task::kBinary);
  EXPECT_EQ(world.run("sim", {"lanes.devices=[\"sim:0\"]"}).weights_xxh3, world.run("cpu").weights_xxh3);
}

std::string complaint(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage) << error.what();
    return error.what();
  }
  return "nothing was wrong";
}

TEST(TrainRows, WhatDoesNotFitIsSaidBeforeARunIsMade) {
  RowsWorld world(Task::kRegression);
  EXPECT_THAT(complaint([&] { world.run("run", {"net.arch=resnet18"}); }), HasSubstr("takes pictures"));
  EXPECT_THAT(complaint([&] { world.run("run", {"net.embeddings={ Stor = 3 }"}); }), HasSubstr("'Stor'"));
  EXPECT_THAT(complaint([&] {
                world.run("run", {"net.layers=[]", "net.dropout=[0.1, 0.2]"});
              }),
              HasSubstr("net.dropout"));
  world.val.fields().categories[1].cardinality = 8;
  EXPECT_THAT(complaint([&] { world.run(); }), HasSubstr("does not fit the network"));
  EXPECT_FALSE(io::FileSystem::real().exists(world.path("run")));
}

TEST(TrainRows, EvaluationNeedsATargetForEach) {
  RowsWorld world(Task::kRegression);
  world.run();
  const MemoryRows without(40, Task::kRegression, 2, 7);
  EXPECT_THAT(complaint([&] { train::evaluate_model(world.model(), without, {}); }),
              HasSubstr("record 0 has no target"));
  EXPECT_THAT(world.infer("out.csv", without), HasSubstr("\n39,"));
  EXPECT_THAT(complaint([&] { train::evaluate_model(world.model(), world.val, {.tta = 2}); }), HasSubstr("--tta"));
}

TEST(TrainRows, RecipesSayF32UnlessTheySayOtherwise) {
  EXPECT_EQ(pipelines::parse_recipe(kRecipe, "rows.toml", {}).train.precision, learn::Precision::kF32);
  EXPECT_EQ(pipelines::parse_recipe(kRecipe, "rows.toml", {.set = {"train.precision=bf16"}}).train.precision,
            learn::Precision::kBf16);
  EXPECT_EQ(pipelines::parse_recipe(kRecipe, "rows.toml", {.set = {"net.arch=resnet18"}}).train.precision,
            learn::Precision::kBf16);
}

}  // namespace
}  // namespace penstock
