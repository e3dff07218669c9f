// From a batch that image.mixup has mixed to the loss: the fields of the one are those that the other takes.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/graph/graph_spec.h"
#include "stages/learn/learner.h"
#include "tests/image/pixel_source.h"

namespace penstock {
namespace {

learn::LearnerConfig config() {
  learn::LearnerConfig config;
  config.net = {.arch = "resnet18", .classes = 16};
  config.precision = learn::Precision::kF32;
  config.schedule.total_steps = 4;
  return config;
}

Batch first_batch(const Source& source, const GraphSpec& spec) {
  StageRegistry registry;
  image::register_image_stages(registry);
  auto run = penstock::Run::start(spec.bind(source.schema(), registry), source, {.seed = 4, .batch = 8});
  return run.next();
}

TEST(Mixing, TheLearnerTakesWhatMixupMade) {
  const image::PixelSource source(16, 32, 32,
                                  [](uint64_t id, size_t i) { return static_cast<uint8_t>(id * 16 + i % 7); });
  const Batch mixed = first_batch(source, GraphSpec{}.add("image.mixup", {{"alpha", 4.0}}));
  const learn::Mixing mixing = learn::mixing_of(mixed);
  ASSERT_EQ(mixing.shares.size(), 8u);
  ASSERT_LT(mixing.shares[0], 1.0f);
  const auto loss_of = [&](learn::Labels labels) {
    const learn::Images images{reinterpret_cast<const uint8_t*>(mixed["pixels"].data), 8, 32, 32, 3};
    return learn::Learner(config()).step(images, labels).loss;
  };
  const double first = loss_of(mixed["label"].as<int64_t>()), second = loss_of(mixing.second);
  ASSERT_GT(std::abs(first - second), 1e-3);
  EXPECT_NEAR(learn::Learner(config()).step(mixed).loss, mixing.shares[0] * first + (1 - mixing.shares[0]) * second,
              1e-5);
}

TEST(Mixing, BatchesWithoutTheFieldsAreNotMixed) {
  const image::PixelSource source(16, 32, 32, [](uint64_t id, size_t) { return static_cast<uint8_t>(id); });
  EXPECT_TRUE(learn::mixing_of(first_batch(source, GraphSpec{}.add("image.flip"))).second.empty());
}

TEST(Mixing, FieldsOfOtherTypesAreRefused) {
  const image::PixelSource source(16, 4, 4, [](uint64_t, size_t) { return 1; });
  // The label under the name of the share.
  StageSpec mixup{.name = "image.mixup"};
  mixup.outputs = {{"mix", "label_b"}, {"label_b", "mix"}};
  EXPECT_THROW((void)learn::mixing_of(first_batch(source, GraphSpec{}.add(mixup))), Error);
}

}  // namespace
}  // namespace penstock
