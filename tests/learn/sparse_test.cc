// Embeddings trained row by row learn what dense training learns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "stages/learn/learner.h"
#include "stages/learn/sparse_rows.h"
#include "tests/learn/toy_rows.h"

namespace penstock::learn {
namespace {

using test::ToyRows;
using testing::HasSubstr;

struct World {
  const char* name;
  const char* arch;
  OptimiserConfig optimiser;
  ScheduleKind schedule = ScheduleKind::kConstant;
  double tolerance = 0;  ///< of any weight after the training
};

class Sparse : public testing::TestWithParam<World> {
 protected:
  LearnerConfig config(int64_t sparse_rows, uint64_t steps = 300) const {
    LearnerConfig config;
    config.net = {.arch = GetParam().arch, .classes = 1};
    config.net.table = {.cardinalities = {7, 5000, 3}, .numbers = ToyRows::kNumbers, .widths = {}, .layers = {8}};
    config.task = Task::kBinary;
    config.optimiser = GetParam().optimiser;
    config.schedule = {.kind = GetParam().schedule, .lr = 1e-2, .total_steps = steps};
    config.precision = Precision::kF32;
    config.seed = 5;
    config.sparse_rows = sparse_rows;
    return config;
  }
};

/// Most codes of the large table come rarely, some never, a few in each step.
void train(Learner& learner, uint64_t until) {
  while (learner.steps_done() < until) {
    ToyRows batch(16, learner.steps_done());
    for (size_t n = 0; n < 16; ++n)
      if (n % 4 != 0)
        batch.cat[n * 3 + 1] = static_cast<int32_t>((batch.cat[n * 3 + 1] * 97 + static_cast<int>(n) * 31) % 5000);
    learner.step(batch.rows(), batch.yes_or_no);
  }
}

double difference(const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
  const nets::StoredState left = nets::decode_safetensors(a, "a"), right = nets::decode_safetensors(b, "b");
  EXPECT_EQ(left.tensors.size(), right.tensors.size());
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

// Rounding differs from the first step on (1e-8). Batch norms of 16 rows under AdamW blow up any such difference, also that of one bit in the first
// weights: AdamW is compared in networks without.
TEST_P(Sparse, LearnsWhatDenseTrainingLearns) {
  Learner dense(config(0)), sparse(config(1000));
  EXPECT_EQ(dense.weights_bytes(), sparse.weights_bytes());
  train(dense, 300);
  train(sparse, 300);
  const double apart = difference(dense.weights_bytes(), sparse.weights_bytes());
  EXPECT_LE(apart, GetParam().tolerance);
  const ToyRows unseen(64, 12345);
  const Rows x = dense.infer(unseen.rows()), y = sparse.infer(unseen.rows());
  for (size_t i = 0; i < 64; ++i) EXPECT_NEAR(x.values[i], y.values[i], 50 * GetParam().tolerance + 1e-6);
  RecordProperty("apart", std::to_string(apart));
}

TEST_P(Sparse, GoesOnBitForBitAfterSaveAndLoadAtAnyStep) {
  Learner whole(config(1000, 90)), first(config(1000, 90)), second(config(1000, 90));
  train(whole, 90);
  train(first, 41);
  first.weights_bytes();  // nothing of it stays
  const auto saved = first.save();
  train(second, 7);
  second.load(saved);
  EXPECT_EQ(second.save(), saved);
  train(second, 90);
  EXPECT_EQ(second.save(), whole.save());
}

TEST_P(Sparse, ACheckpointIsAModelToo) {
  Learner learner(config(1000, 90));
  train(learner, 41);
  Learner plain(config_of(learner.save(), "saved")), by_row(config(1000, 90));
  plain.load_weights(learner.save());
  by_row.load_weights(learner.save());
  const ToyRows unseen(16, 77);
  EXPECT_EQ(learner.infer(unseen.rows()).values, by_row.infer(unseen.rows()).values);
  EXPECT_EQ(plain.weights_bytes(), learner.weights_bytes());
}

INSTANTIATE_TEST_SUITE_P(
    Of, Sparse,
    testing::Values(
        World{"Sgd",
              "tabular",
              {.kind = OptimiserKind::kSgd, .momentum = 0, .weight_decay = 0},
              ScheduleKind::kConstant,
              1e-6},
        World{"Momentum",
              "tabular",
              {.kind = OptimiserKind::kSgd, .nesterov = true, .weight_decay = 0},
              ScheduleKind::kCosine,
              2e-5},
        World{"Decay", "fm", {.kind = OptimiserKind::kSgd, .weight_decay = 1e-3}, ScheduleKind::kCosine, 2e-5},
        World{"AdamW", "dlrm", {}, ScheduleKind::kConstant, 2e-4},
        World{"OneCycle", "dlrm", {}, ScheduleKind::kOneCycle, 2e-4}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(SparseRows, MissedStepsAreThoseOfZeroGradients) {
  for (const OptimiserKind kind : {OptimiserKind::kAdamW, OptimiserKind::kSgd}) {
    const OptimiserConfig config{.kind = kind, .weight_decay = kind == OptimiserKind::kAdamW ? 0.01 : 0};
    const Schedule schedule({.kind = ScheduleKind::kOneCycle, .lr = 0.05, .total_steps = 6000});
    SparseRows rows(config, schedule);
    rows.reach(6000);
    std::vector<float> a = {0.5F, -1e-4F, 2}, am = {0.1F, -0.2F, 0}, av = {0.01F, 0.3F, 0};
    std::vector<float> b = a, bm = am, bv = av;
    const std::vector<float> none(3, 0.0F);
    for (uint64_t step = 10; step < 5000; ++step) rows.step({a, am, av}, none, step);
    rows.catch_up({b, bm, bv}, 10, 5000);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(a[i], b[i], 1e-5 * std::abs(a[i]) + 1e-9) << i;
      EXPECT_NEAR(am[i], bm[i], 1e-9);
      EXPECT_NEAR(av[i], bv[i], 1e-4 * av[i] + 1e-12);
    }
  }
}

TEST(SparseTables, WhatCannotBeTogetherIsRefused) {
  LearnerConfig config;
  config.net = {.arch = "fm", .classes = 1};
  config.net.table = {.cardinalities = {7, 5000, 3}, .numbers = 2, .widths = {}};
  config.task = Task::kBinary;
  config.sparse_rows = 1000;
  config.ema_decay = 0.9;
  try {
    Learner learner(config);
    ADD_FAILURE();
  } catch (const Error& error) { EXPECT_THAT(error.what(), HasSubstr("leave train.ema out")); }
}

}  // namespace
}  // namespace penstock::learn
