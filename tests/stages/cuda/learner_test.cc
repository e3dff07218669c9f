// A learner on a GPU learns what one on the CPU learns.
#include "stages/learn/learner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/device/devices.h"
#include "engine/device/in_process_collective.h"
#include "stages/learn/device_collective.h"
#include "tests/learn/toy_data.h"

namespace penstock::learn {
namespace {

using test::ToyBatch;

LearnerConfig toy(bool bf16) {
  LearnerConfig config;
  config.net = {.arch = "resnet18", .classes = ToyBatch::kClasses, .norm = nets::NormKind::kGroup};
  config.optimiser = {.kind = OptimiserKind::kSgd, .weight_decay = 1e-4};
  config.schedule = {.kind = ScheduleKind::kConstant, .lr = 0.01, .total_steps = 12};
  config.precision = bf16 ? Precision::kBf16 : Precision::kF32;
  config.seed = 5;
  return config;
}

class LearnerOnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = missing_devices(); !missing.empty()) GTEST_SKIP() << missing[0];
    device_ = open_device("cuda:0");
    stream_ = device_->make_stream();
  }

  /// Losses of four steps.
  std::vector<double> learn(Learner& learner) {
    std::vector<double> losses;
    for (uint64_t step = 0; step < 4; ++step) {
      const ToyBatch batch(16, step);
      Images images = batch.images;
      DeviceBuffer there;
      if (learner.config().device != nullptr) {
        there = device_->allocate(batch.pixels.size(), "test");
        stream_->copy(there.data(), batch.pixels.data(), batch.pixels.size());
        images.data = reinterpret_cast<const uint8_t*>(there.data());
      }
      losses.push_back(learner.step(images, batch.labels).loss);
      stream_->synchronize();
    }
    return losses;
  }

  LearnerConfig on_gpu(bool bf16) {
    LearnerConfig config = toy(bf16);
    config.device = device_.get();
    config.stream = stream_.get();
    return config;
  }

  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
};

// f32 convolutions of cuDNN may round their inputs to TF32: 10 bits of mantissa.
TEST_F(LearnerOnGpu, LossesAreTheCpus) {
  for (const bool bf16 : {false, true}) {
    Learner cpu(toy(bf16)), gpu(on_gpu(bf16));
    const std::vector<double> expected = learn(cpu), got = learn(gpu);
    for (size_t step = 0; step < expected.size(); ++step)
      EXPECT_NEAR(got[step], expected[step], bf16 ? 0.1 : 0.02) << "step " << step << (bf16 ? ", bf16" : ", f32");
  }
}

TEST_F(LearnerOnGpu, ReplayedStepsLearnWhatComputedStepsLearn) {
  for (const bool bf16 : {false, true}) {
    LearnerConfig never = on_gpu(bf16), captured = on_gpu(bf16);
    never.capture = Capture::kNever;
    Learner expected(never), got(captured);
    for (int round = 0; round < 3; ++round) {
      const std::vector<double> a = learn(expected), b = learn(got);
      for (size_t step = 0; step < a.size(); ++step)
        EXPECT_NEAR(b[step], a[step], bf16 ? 2e-2 : 1e-3) << "round " << round << ", step " << step;
    }
    EXPECT_NE(got.step_graph_text().find("9 of 12 steps were replayed"), std::string::npos) << got.step_graph_text();
  }
}

TEST_F(LearnerOnGpu, MixedPicturesHaveTheLossOfTheCpus) {
  Learner cpu(toy(false)), gpu(on_gpu(false));
  const ToyBatch batch(16, 1), other(16, 2);
  const std::vector<float> shares(16, 0.75F);
  DeviceBuffer there = device_->allocate(batch.pixels.size(), "test");
  stream_->copy(there.data(), batch.pixels.data(), batch.pixels.size());
  Images images = batch.images;
  const double expected = cpu.step(images, batch.labels, {other.labels, shares}).loss;
  images.data = reinterpret_cast<const uint8_t*>(there.data());
  EXPECT_NEAR(gpu.step(images, batch.labels, {other.labels, shares}).loss, expected, 0.02);
}

TEST_F(LearnerOnGpu, GoesOnAfterSaveAndLoad) {
  Learner whole(on_gpu(false)), first(on_gpu(false));
  learn(whole);
  learn(first);
  Learner second(on_gpu(false));
  second.load(first.save());
  EXPECT_EQ(second.steps_done(), 4u);
  const std::vector<double> a = learn(first), b = learn(second);
  for (size_t step = 0; step < a.size(); ++step) EXPECT_NEAR(a[step], b[step], 1e-4);
}

TEST_F(LearnerOnGpu, OneRankOfNcclChangesNothing) {
  InProcessGroup group(1);
  const auto bootstrap = group.rank(0);
  GpuCollective nccl = make_gpu_collective(*device_, *bootstrap);
  EXPECT_EQ(nccl.collective->size(), 1u);
  std::vector<float> values = {1, 2, 3};
  nccl.collective->all_reduce_sum(std::span<float>(values));
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3}));
}

}  // namespace
}  // namespace penstock::learn
