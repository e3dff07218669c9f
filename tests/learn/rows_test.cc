// Learners of rows: everything that holds of pictures holds of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>

#include "engine/base/error.h"
#include "engine/device/in_process_collective.h"
#include "models/metrics/task_sums.h"
#include "stages/learn/learner.h"
#include "tests/learn/toy_rows.h"

namespace penstock::learn {
namespace {

using test::ToyRows;
using testing::HasSubstr;

LearnerConfig toy_config(const std::string& arch, Task task) {
  LearnerConfig config;
  config.net = {.arch = arch, .classes = task == Task::kClasses ? 3 : 1};
  config.net.table = {
      .cardinalities = ToyRows::kCardinalities, .numbers = ToyRows::kNumbers, .widths = {}, .layers = {16, 8}};
  config.task = task;
  config.schedule = {.kind = ScheduleKind::kOneCycle, .lr = 1e-2, .total_steps = 12};
  config.precision = Precision::kF32;
  config.seed = 5;
  return config;
}

void train(Learner& learner, uint64_t until, int64_t count = 32) {
  while (learner.steps_done() < until) {
    const ToyRows batch(count, learner.steps_done());
    learner.step(batch.rows(), batch.targets(learner.config().task));
  }
}

struct World {
  const char* name;
  const char* arch;
  Task task;
  std::function<void(LearnerConfig&)> change = [](LearnerConfig&) {};
};

class RowsIn : public testing::TestWithParam<World> {
 protected:
  LearnerConfig config() const {
    LearnerConfig config = toy_config(GetParam().arch, GetParam().task);
    GetParam().change(config);
    return config;
  }
};

TEST_P(RowsIn, GoOnBitForBitAfterSaveAndLoad) {
  Learner whole(config());
  train(whole, 6);
  Learner first(config());
  train(first, 3);
  const auto saved = first.save();
  Learner second(config());
  train(second, 2);  // other weights and state: all that matters must come from the bytes
  second.load(saved);
  EXPECT_EQ(second.save(), saved);
  train(second, 6);
  EXPECT_EQ(second.save(), whole.save());
  EXPECT_NE(first.weights_bytes(), whole.weights_bytes());

  const LearnerConfig stored = config_of(saved, "saved");
  EXPECT_EQ(stored.net.table, config().net.table);
  EXPECT_EQ(stored.task, config().task);
  EXPECT_EQ(stored.transform, config().transform);
  EXPECT_EQ(stored.loss, config().loss);
}

TEST_P(RowsIn, ReplayedStepsLearnTheSameBits) {
  LearnerConfig plain = config(), captured = config();
  plain.capture = Capture::kNever;
  captured.capture = Capture::kAlways;
  Learner expected(plain), got(captured);
  for (const auto& [until, count] : std::vector<std::pair<uint64_t, int64_t>>{{6, 32}, {7, 20}, {10, 32}}) {
    train(expected, until, count);
    train(got, until, count);
  }
  EXPECT_EQ(got.save(), expected.save());
  EXPECT_THAT(got.step_graph_text(), HasSubstr("6 of 10 steps were replayed"));
}

INSTANTIATE_TEST_SUITE_P(
    Worlds, RowsIn,
    testing::Values(World{"Regression", "tabular", Task::kRegression,
                          [](LearnerConfig& c) {
                            c.transform = {.log = TargetLog::kLog1p, .lowest = 0.25, .highest = 1e9};
                            c.net.table.range = {-6.5, 7};
                          }},
                    World{"Dropout", "tabular", Task::kClasses,
                          [](LearnerConfig& c) {
                            c.net.table.dropout = {0.1, 0.2};
                            c.net.table.embedding_dropout = 0.05;
                            c.label_smoothing = 0.1;
                          }},
                    World{"Ema", "tabular", Task::kBinary, [](LearnerConfig& c) { c.ema_decay = 0.9; }},
                    World{"Bf16", "tabular", Task::kBinary, [](LearnerConfig& c) { c.precision = Precision::kBf16; }},
                    World{"Sgd", "dlrm", Task::kBinary,
                          [](LearnerConfig& c) { c.optimiser = {.kind = OptimiserKind::kSgd, .weight_decay = 1e-4}; }},
                    World{"Fm", "fm", Task::kRegression,
                          [](LearnerConfig& c) { c.loss = metrics::RegressionLoss::kHuber; }}),
    [](const auto& info) { return info.param.name; });

TEST(Rows, AreLearnt) {
  for (const char* arch : {"tabular", "dlrm", "fm"}) {
    for (const Task task : {Task::kRegression, Task::kBinary, Task::kClasses}) {
      LearnerConfig config = toy_config(arch, task);
      config.schedule = {.kind = ScheduleKind::kOneCycle, .lr = 3e-2, .total_steps = 150};
      Learner learner(config);
      const ToyRows unseen(512, 999);
      const auto loss = [&] {
        metrics::TaskSums sums(task);
        const Rows outputs = learner.infer(unseen.rows());
        if (task == Task::kClasses)
          sums.add(outputs.values, unseen.labels);
        else
          sums.add(outputs.values, unseen.targets(task).values);
        return sums.mean_loss();
      };
      const double before = loss();
      train(learner, 150, 64);
      EXPECT_LT(loss(), before / 2) << arch << " " << name_of(task);
    }
  }
}

TEST(Rows, StepsCountWhatWasRight) {
  const ToyRows batch(32, 0);
  Learner yes_or_no(toy_config("tabular", Task::kBinary)), regression(toy_config("tabular", Task::kRegression));
  const Rows before = [&] {
    Learner copy(toy_config("fm", Task::kBinary));  // no batch norm: the same in training as in evaluation
    const Rows logits = copy.infer(batch.rows());
    int64_t right = 0;
    for (size_t i = 0; i < 32; ++i) right += (logits.values[i] > 0) == (batch.yes_or_no[i] > 0);
    EXPECT_EQ(copy.step(batch.rows(), batch.yes_or_no).top1, right);
    return logits;
  }();
  EXPECT_EQ(before.shape, (std::vector<int64_t>{32, 1}));
  EXPECT_EQ(regression.step(batch.rows(), batch.numbers).top1, 0);
  EXPECT_THROW(regression.evaluate(batch.rows(), batch.labels), Error);
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

TEST(Rows, WhatDoesNotFitIsRefused) {
  Learner learner(toy_config("tabular", Task::kBinary));
  ToyRows batch(8, 0);
  const auto step = [&] { learner.step(batch.rows(), batch.yes_or_no); };
  batch.cat[4] = 50;
  EXPECT_THAT(complaint(step), HasSubstr("row 1 of the batch has the code 50 in column 1"));
  batch.cat[4] = -1;
  EXPECT_THAT(complaint(step), HasSubstr("code -1"));
  batch.cat[4] = 0;
  batch.cont[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(complaint(step), HasSubstr("row 1 of the batch has no number in column 1"));
  batch.cont[3] = 0;
  batch.yes_or_no[2] = 0.5F;
  EXPECT_THAT(complaint(step), HasSubstr("record 2"));
  batch.yes_or_no[2] = 1;
  EXPECT_THAT(complaint([&] { learner.step(batch.rows(), batch.labels); }), HasSubstr("0 targets"));
  TableRows narrow = batch.rows();
  narrow.numbers = 1;
  EXPECT_THAT(complaint([&] { learner.infer(narrow); }), HasSubstr("2 of numbers"));
  EXPECT_THAT(complaint([&] { learner.infer(Images{}); }), HasSubstr("rows of a table"));
  EXPECT_EQ(learner.steps_done(), 0u);
  step();
  LearnerConfig two = toy_config("tabular", Task::kRegression);
  two.net.classes = 2;
  EXPECT_THAT(complaint([&] { Learner{two}; }), HasSubstr("one output"));
}

/// The largest difference of any value of any float tensor.
double difference(const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
  const nets::StoredState left = nets::decode_safetensors(a, "a"), right = nets::decode_safetensors(b, "b");
  double most = 0;
  for (const nets::StoredTensor& tensor : left.tensors) {
    if (tensor.dtype != DType::kF32) continue;
    const nets::StoredTensor* other = right.find(tensor.name);
    for (size_t at = 0; at < tensor.bytes.size(); at += sizeof(float)) {
      float x = 0, y = 0;
      std::memcpy(&x, tensor.bytes.data() + at, sizeof x);
      std::memcpy(&y, other->bytes.data() + at, sizeof y);
      most = std::max(most, std::abs(static_cast<double>(x) - static_cast<double>(y)));
    }
  }
  return most;
}

TEST(Rows, SeveralLanesLearnWhatOneLearns) {
  LearnerConfig config = toy_config("tabular", Task::kRegression);
  config.optimiser = {.kind = OptimiserKind::kSgd};
  constexpr int64_t kBatch = 24;
  Learner alone(config);
  train(alone, 5, kBatch);
  InProcessGroup gradients(2), counts(2);
  std::vector<std::unique_ptr<Learner>> learners;
  for (int lane = 0; lane < 2; ++lane) learners.push_back(std::make_unique<Learner>(config));
  {
    std::vector<std::jthread> threads;
    for (uint32_t lane = 0; lane < 2; ++lane) {
      threads.emplace_back([&, lane] {
        learners[lane]->join({.gradients = gradients.rank(lane),
                              .counts = counts.rank(lane),
                              .global_batch = kBatch,
                              .sync_batch_norm = true});
        for (uint64_t step = 0; step < 5; ++step) {
          const ToyRows batch(kBatch, step);
          const int64_t first = lane == 0 ? 0 : 10, count = lane == 0 ? 10 : 14;
          const StepResult result =
              learners[lane]->step(batch.rows(first, count), batch.targets(config.task, first, count));
          EXPECT_EQ(result.records, kBatch);
        }
      });
    }
  }
  EXPECT_EQ(learners[0]->weights_bytes(), learners[1]->weights_bytes());
  EXPECT_LT(difference(learners[0]->weights_bytes(), alone.weights_bytes()), 2e-5);
}

}  // namespace
}  // namespace penstock::learn
