// Augmentation on any device against the stages of stages/image, run over the same pictures by the same draws.
#pragma once

#include <algorithm>

#include "tests/device/png_source.h"

namespace penstock::device {

using AugmentOnDevice = OnDevice;

// Equal bytes where the task allows a difference of one: resizing and colours are the same arithmetic.
TEST_P(AugmentOnDevice, GivesTheBytesOfTheCpusStages) {
  const PngSource source(60);
  DeviceImageCache cache(*device_, 16 << 20);
  for (uint64_t id = 0; id < source.size(); ++id) {
    const image::Picture& picture = source.pictures[id];
    ASSERT_TRUE(cache.put(*stream_, id, picture.rgb.data(), picture.width, picture.height));
  }
  cache.seal(*stream_);
  for (const AugmentCase& of : augment_cases()) {
    const AugmentPlanner planner(of.recipe);
    Augmenter augmenter(*device_, of.recipe.size);
    const auto batches = image::run_over(source, of.spec, {.seed = 11, .last = Last::kKeep, .batch = 16, .epochs = 2});
    ASSERT_EQ(batches.size(), 8u);
    for (size_t b = 0; b < batches.size(); ++b) {
      const image::SeenBatch& batch = batches[b];
      std::vector<image::Size> sizes;
      for (const uint64_t id : batch.ids) sizes.push_back({source.pictures[id].height, source.pictures[id].width});
      const BatchKey key{.seed = 11, .epoch = b / 4, .first_position = b % 4 * 16};
      const AugmentPlan plan = planner.plan(key, batch.ids, sizes);
      const size_t each = batch.pixels[0].size();
      DeviceBuffer out = device_->allocate(each * batch.ids.size(), "test");
      augmenter.run(*stream_, cache, plan, reinterpret_cast<uint8_t*>(out.data()));
      const auto pixels = back<uint8_t>(out.data(), each * batch.ids.size());
      for (size_t i = 0; i < batch.ids.size(); ++i)
        for (size_t k = 0; k < each; ++k)
          ASSERT_EQ(static_cast<int>(pixels[i * each + k]), static_cast<int>(batch.pixels[i][k]))
              << of.name << ", batch " << b << ", record " << batch.ids[i] << ", value " << k;
    }
  }
}

TEST_P(AugmentOnDevice, ARecordThatIsNotCachedIsNamed) {
  DeviceImageCache cache(*device_, 1024);
  cache.seal(*stream_);
  Augmenter augmenter(*device_, {8, 8});
  AugmentPlan plan;
  plan.images.push_back({.record = 77, .width = 1, .height = 1});
  try {
    augmenter.run(*stream_, cache, plan, nullptr);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kUsage);
    EXPECT_NE(std::string(e.what()).find("record 77 is not in the device's cache: the cache on "), std::string::npos);
  }
}

}  // namespace penstock::device
