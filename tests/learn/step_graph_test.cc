// Steps that are recorded and replayed learn what steps learn that are computed one by one.
#include "stages/learn/step_graph.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "stages/learn/learner.h"
#include "tests/learn/toy_data.h"

namespace penstock::learn {
namespace {

using test::ToyBatch;
using testing::HasSubstr;
using Choice = CapturePolicy::Choice;

LearnerConfig toy_config(Capture capture) {
  LearnerConfig config;
  config.net = {.arch = "resnet18", .classes = ToyBatch::kClasses};
  config.optimiser = {.kind = OptimiserKind::kSgd, .weight_decay = 1e-4};
  config.schedule = {.kind = ScheduleKind::kOneCycle, .lr = 1e-2, .total_steps = 24};
  config.ema_decay = 0.9;
  config.seed = 5;
  config.capture = capture;
  return config;
}

void step(Learner& learner, int64_t records, bool mixed) {
  const ToyBatch batch(records, learner.steps_done()), other(records, 1000 + learner.steps_done());
  std::vector<float> shares(static_cast<size_t>(records), 0.75F);
  learner.step(batch.images, batch.labels, mixed ? Mixing{other.labels, shares} : Mixing{});
}

TEST(CapturePolicy, RecordsAShapeThatCameOftenInARow) {
  CapturePolicy policy;
  for (int i = 0; i < CapturePolicy::kWarmUp; ++i) EXPECT_EQ(policy.next({8, 3}), Choice::kCompute);
  EXPECT_EQ(policy.next({8, 3}), Choice::kRecord);
  EXPECT_EQ(policy.next({8, 3}), Choice::kReplay);
}

TEST(CapturePolicy, AShortBatchInBetweenChangesNothing) {
  CapturePolicy policy;
  while (policy.next({8, 3}) != Choice::kReplay) {}
  EXPECT_EQ(policy.next({5, 3}), Choice::kCompute);
  EXPECT_EQ(policy.next({8, 3}), Choice::kReplay);
}

TEST(CapturePolicy, AShapeThatStaysTakesItsPlace) {
  CapturePolicy policy;
  while (policy.next({8, 3}) != Choice::kReplay) {}
  while (policy.next({8, 5}) != Choice::kRecord) {}
  EXPECT_EQ(policy.next({8, 5}), Choice::kReplay);
  EXPECT_EQ(policy.next({8, 3}), Choice::kCompute);
}

TEST(CapturePolicy, GivesUpWhereShapesComeAndGo) {
  CapturePolicy policy;
  int recordings = 0;
  for (int64_t shape = 1; shape <= 20; ++shape)
    for (int i = 0; i < 6; ++i) recordings += policy.next({shape}) == Choice::kRecord;
  EXPECT_EQ(recordings, CapturePolicy::kMostRecordings);
  EXPECT_TRUE(policy.gave_up());
}

class Captured : public testing::TestWithParam<Precision> {};

TEST_P(Captured, StepsLearnTheSameBits) {
  LearnerConfig plain = toy_config(Capture::kNever), captured = toy_config(Capture::kAlways);
  plain.precision = captured.precision = GetParam();
  Learner expected(plain), got(captured);
  // Long enough to record; an epoch's short end; mixed pictures for long enough to record anew; plain ones again.
  for (const auto& [steps, records, mixed] : std::vector<std::tuple<int, int64_t, bool>>{
           {6, 8, false}, {1, 5, false}, {2, 8, false}, {6, 8, true}, {1, 8, false}}) {
    for (int i = 0; i < steps; ++i) {
      step(expected, records, mixed);
      step(got, records, mixed);
    }
  }
  EXPECT_EQ(got.save(), expected.save());
  EXPECT_THAT(got.step_graph_text(), HasSubstr("8 of 16 steps were replayed"));
  EXPECT_EQ(expected.step_graph_text(), "");
}

INSTANTIATE_TEST_SUITE_P(Of, Captured, testing::Values(Precision::kF32, Precision::kBf16),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(Captured, GoesOnFromACheckpoint) {
  Learner whole(toy_config(Capture::kAlways)), first(toy_config(Capture::kAlways));
  for (int i = 0; i < 5; ++i) step(first, 8, false);
  Learner second(toy_config(Capture::kAlways));
  for (int i = 0; i < 6; ++i) step(second, 8, true);  // it has recorded something else
  second.load(first.save());
  for (int i = 0; i < 12; ++i) step(whole, 8, false);
  while (second.steps_done() < 12) step(second, 8, false);
  EXPECT_EQ(second.save(), whole.save());
}

/// Fails as a device does that cannot record: in the middle of the work.
class Broken final : public Recorder {
 public:
  void record(std::function<void()> work) override {
    work();
    throw std::runtime_error("operation not permitted when stream is capturing");
  }
  void replay() override { FAIL() << "nothing was recorded"; }
};

TEST(StepGraph, WhatCannotBeRecordedIsComputedAndSaid) {
  at::Tensor weight = at::ones({3}).requires_grad_();
  StepGraph graph(std::make_unique<Broken>(), "", {{"weight", weight}});
  for (int i = 0; i < 6; ++i) {
    const StepOutputs out =
        graph.step({.pixels = at::full({3}, 2.0), .labels = at::zeros({1})}, [&](const StepInputs& in) {
          const at::Tensor loss = (weight * in.pixels).sum();
          loss.backward();
          return StepOutputs{.loss = loss.detach(), .logits = weight.detach()};
        });
    EXPECT_EQ(out.loss.item<double>(), 6);
    EXPECT_TRUE(at::equal(weight.grad(), at::full({3}, 2.0))) << weight.grad().sum().item<double>();
    weight.mutable_grad().reset();
  }
  EXPECT_EQ(graph.text(),
            "the step is not captured as a CUDA graph: recording it failed: operation not permitted when stream is "
            "capturing");
}

TEST(StepGraph, SaysWhyNot) {
  StepGraph graph(nullptr, "train.cuda_graph is false", {});
  EXPECT_EQ(graph.text(), "the step is not captured as a CUDA graph: train.cuda_graph is false");
}

}  // namespace
}  // namespace penstock::learn
