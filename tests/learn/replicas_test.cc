// Lanes as threads of this process: several replicas must learn what one learns.
#include "stages/learn/replicas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/base/error.h"
#include "engine/device/in_process_collective.h"
#include "models/nets/safetensors.h"
#include "stages/learn/learner.h"
#include "tests/learn/toy_data.h"

namespace penstock::learn {
namespace {

using test::ToyBatch;
using testing::HasSubstr;

constexpr int64_t kBatch = 12;

LearnerConfig config_with(nets::NormKind norm) {
  LearnerConfig config;
  config.net = {.arch = "resnet18", .classes = ToyBatch::kClasses, .norm = norm};
  config.optimiser = {.kind = OptimiserKind::kSgd, .weight_decay = 1e-4};
  config.schedule = {.kind = ScheduleKind::kConstant, .lr = 0.05, .total_steps = 12};
  config.precision = Precision::kF32;
  config.seed = 5;
  return config;
}

/// Records [first, first + count) of a batch.
TrainingShare part_of(const ToyBatch& batch, int64_t first, int64_t count) {
  Images images = batch.images;
  images.data += first * images.height * images.width * images.channels;
  images.count = count;
  return {images, Labels(batch.labels).subspan(static_cast<size_t>(first), static_cast<size_t>(count)), {}};
}

struct Learnt {
  std::vector<double> losses;
  std::vector<int64_t> records;
  std::vector<std::byte> weights;
};

/// `shares[l]`: records of lane l in each step.
std::vector<Learnt> learn_in_lanes(const LearnerConfig& config, const std::vector<int64_t>& shares, int steps,
                                   bool sync, size_t bucket_bytes = size_t{1} << 20, int64_t global_batch = kBatch) {
  const auto lanes = static_cast<uint32_t>(shares.size());
  InProcessGroup gradients(lanes), counts(lanes);
  std::vector<Learnt> out(lanes);
  std::vector<std::unique_ptr<Learner>> learners;  // made one after the other: torch has one generator
  for (uint32_t lane = 0; lane < lanes; ++lane) learners.push_back(std::make_unique<Learner>(config));
  std::vector<std::jthread> threads;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    threads.emplace_back([&, lane] {
      Learner& learner = *learners[lane];
      learner.join({.gradients = gradients.rank(lane),
                    .counts = counts.rank(lane),
                    .global_batch = global_batch,
                    .bucket_bytes = bucket_bytes,
                    .sync_batch_norm = sync});
      int64_t first = 0;
      for (uint32_t l = 0; l < lane; ++l) first += shares[l];
      for (int step = 0; step < steps; ++step) {
        const ToyBatch batch(kBatch, static_cast<uint64_t>(step));
        const TrainingShare part = part_of(batch, first, shares[lane]);
        const StepResult result = learner.step(part.inputs, part.targets, part.mixing);
        out[lane].losses.push_back(result.loss);
        out[lane].records.push_back(result.records);
      }
      out[lane].weights = learner.weights_bytes();
    });
  }
  threads.clear();
  return out;
}

Learnt learn_alone(const LearnerConfig& config, int64_t records, int steps) {
  Learner learner(config);
  Learnt out;
  for (int step = 0; step < steps; ++step) {
    const ToyBatch batch(kBatch, static_cast<uint64_t>(step));
    const TrainingShare part = part_of(batch, 0, records);
    out.losses.push_back(learner.step(part.inputs, part.targets).loss);
  }
  out.weights = learner.weights_bytes();
  return out;
}

/// The largest difference of any value of any float tensor.
double difference(const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
  const nets::StoredState left = nets::decode_safetensors(a, "a"), right = nets::decode_safetensors(b, "b");
  double most = 0;
  EXPECT_EQ(left.tensors.size(), right.tensors.size());
  for (const nets::StoredTensor& tensor : left.tensors) {
    const nets::StoredTensor* other = right.find(tensor.name);
    if (tensor.name.ends_with("num_batches_tracked")) continue;
    const size_t count = tensor.bytes.size() / sizeof(float);
    for (size_t i = 0; i < count; ++i) {
      float x = 0, y = 0;
      std::memcpy(&x, tensor.bytes.data() + i * sizeof x, sizeof x);
      std::memcpy(&y, other->bytes.data() + i * sizeof y, sizeof y);
      most = std::max(most, std::abs(static_cast<double>(x) - static_cast<double>(y)));
    }
  }
  return most;
}

// The weights after one step of SGD at rate 0.05 differ by 0.05 times what the gradients differ by.
TEST(Replicas, FirstGradientsAreThoseOfOneReplicaWithoutBatchNorm) {
  const LearnerConfig config = config_with(nets::NormKind::kGroup);
  const Learnt alone = learn_alone(config, kBatch, 1);
  for (const std::vector<int64_t>& shares : {std::vector<int64_t>{6, 6}, {7, 5}, {3, 3, 3, 3}, {12, 0}}) {
    const auto lanes = learn_in_lanes(config, shares, 1, false);
    EXPECT_LE(difference(alone.weights, lanes[0].weights) / 0.05, 1e-5) << shares.size() << " lanes";
    EXPECT_NEAR(lanes[0].losses[0], alone.losses[0], 1e-5);
    EXPECT_EQ(lanes[0].records[0], kBatch);
    for (const Learnt& lane : lanes) EXPECT_EQ(lane.weights, lanes[0].weights);
  }
}

// In plain memory: at 1 x 1 pixels a value that lies at a ReLU's zero falls on either side of it by the layout alone (torch's own batch norm
// against itself, channels-last and plain: gradients differ by 0.037 here).
TEST(Replicas, FirstGradientsAreThoseOfOneReplicaWithSynchronisedBatchNorm) {
  LearnerConfig config = config_with(nets::NormKind::kBatch);
  config.channels_last = false;
  const Learnt alone = learn_alone(config, kBatch, 1);
  for (const std::vector<int64_t>& shares : {std::vector<int64_t>{6, 6}, {8, 4}, {3, 3, 3, 3}}) {
    const auto lanes = learn_in_lanes(config, shares, 1, true);
    EXPECT_LE(difference(alone.weights, lanes[0].weights) / 0.05, 1e-5) << shares.size() << " lanes";
    for (const Learnt& lane : lanes) EXPECT_EQ(lane.weights, lanes[0].weights);
  }
  // Without it the gradients are others: the test above can fail.
  const auto apart = learn_in_lanes(config, {6, 6}, 1, false);
  EXPECT_GT(difference(alone.weights, apart[0].weights) / 0.05, 1e-3);
}

TEST(Replicas, LaterLossesStayClose) {
  const LearnerConfig config = config_with(nets::NormKind::kGroup);
  const Learnt alone = learn_alone(config, kBatch, 8);
  const auto lanes = learn_in_lanes(config, {6, 6}, 8, false);
  for (size_t step = 0; step < 8; ++step) EXPECT_NEAR(lanes[1].losses[step], alone.losses[step], 1e-3) << step;
}

TEST(Replicas, SameBitsAgainAndForAnyBucket) {
  const LearnerConfig config = config_with(nets::NormKind::kGroup);
  const auto first = learn_in_lanes(config, {6, 6}, 3, false);
  for (const size_t bucket : {size_t{1}, size_t{100000}, size_t{1} << 30})
    EXPECT_EQ(learn_in_lanes(config, {6, 6}, 3, false, bucket)[0].weights, first[0].weights) << bucket;
}

TEST(Replicas, AStepOfFewerRecordsIsAMeanOverThose) {
  const LearnerConfig config = config_with(nets::NormKind::kGroup);
  const Learnt alone = learn_alone(config, 7, 1);
  const auto lanes = learn_in_lanes(config, {4, 3}, 1, false);  // of a global batch of 12
  EXPECT_EQ(lanes[0].records[0], 7);
  EXPECT_LE(difference(alone.weights, lanes[0].weights) / 0.05, 1e-5);
}

TEST(Replicas, AStepWithoutRecordsChangesNothing) {
  const LearnerConfig config = config_with(nets::NormKind::kGroup);
  const auto lanes = learn_in_lanes(config, {0, 0}, 1, false);
  EXPECT_EQ(lanes[0].records[0], 0);
  EXPECT_EQ(lanes[0].weights, Learner(config).weights_bytes());
}

TEST(Replicas, SynchronisedBatchNormNeedsARecordInEachLane) {
  LearnerConfig config = config_with(nets::NormKind::kBatch);
  InProcessGroup gradients(2), counts(2);
  Learner learner(config);
  learner.join({.gradients = gradients.rank(0), .counts = counts.rank(0), .sync_batch_norm = true});
  try {
    learner.step(Images{}, {});
    ADD_FAILURE() << "taken";
  } catch (const Error& error) { EXPECT_THAT(error.what(), HasSubstr("a lane has no record of training step 0")); }
}

TEST(Replicas, ALaneThatFailsFailsTheOthers) {
  const LearnerConfig config = config_with(nets::NormKind::kGroup);
  InProcessGroup gradients(2), counts(2);
  Learner learner(config);
  learner.join({.gradients = gradients.rank(0), .counts = counts.rank(0), .global_batch = 12});
  std::jthread other([&] {
    gradients.abort("lane 1 ran out of memory");
    counts.abort("lane 1 ran out of memory");
  });
  const ToyBatch batch(kBatch, 0);
  try {
    learner.step(batch.images, batch.labels);
    ADD_FAILURE() << "taken";
  } catch (const Error& error) { EXPECT_THAT(error.what(), HasSubstr("lane 1 ran out of memory")); }
}

}  // namespace
}  // namespace penstock::learn
