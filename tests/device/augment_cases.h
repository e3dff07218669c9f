// Augmentation on any device against the stages of stages/image, run over the same pictures by the same draws.
#pragma once

#include <algorithm>

#include "engine/graph/graph_spec.h"
#include "stages/device/augmenter.h"
#include "stages/image/png_encoder.h"
#include "tests/device/on_device.h"
#include "tests/image/photos.h"
#include "tests/image/pixel_source.h"

namespace penstock::device {

using AugmentOnDevice = OnDevice;

/// Made pictures of many sizes as PNGs.
class PngSource final : public Source {
 public:
  explicit PngSource(uint64_t size) {
    for (uint64_t id = 0; id < size; ++id) {
      const auto width = static_cast<int>(1 + id * 97 % 311), height = static_cast<int>(1 + id * 53 % 257);
      pictures.push_back(image::made_picture(width, height, static_cast<unsigned>(id)));
      encoded_.push_back(image::encode_png(pictures.back()));
    }
  }
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return pictures.size(); }
  uint64_t fingerprint() const override { return pictures.size(); }
  uint64_t record_bytes(uint64_t id) const override { return encoded_[id].size(); }
  uint64_t max_record_bytes() const override { return 1 << 20; }
  bool waits() const override { return false; }
  Location locate(uint64_t id) const override { return {"png", id, 0}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (size_t i = 0; i < ids.size(); ++i) {
      if (std::byte* at = out.rows(0, i, encoded_[ids[i]].size()))
        std::memcpy(at, encoded_[ids[i]].data(), encoded_[ids[i]].size());
      const auto label = static_cast<int64_t>(ids[i]);
      if (std::byte* at = out.row(1, i)) std::memcpy(at, &label, sizeof label);
    }
  }

  std::vector<image::Picture> pictures;

 private:
  std::vector<std::vector<std::byte>> encoded_;
  Schema schema_{Field::encoded("bytes"), Field::fixed("label", DType::kI64)};
};

struct AugmentCase {
  std::string name;
  GraphSpec spec;
  AugmentRecipe recipe;
};

inline std::vector<AugmentCase> augment_cases() {
  const auto decode = [](int height, int width) {
    return GraphSpec{}.add("image.decode", {{"size", ValueArray{height, width}}, {"exact", true}});
  };
  std::vector<AugmentCase> cases;
  cases.push_back({"crop", decode(48, 64), {.size = {48, 64}}});
  cases.push_back({"small", decode(7, 5), {.size = {7, 5}}});
  cases.push_back({"large", decode(300, 224), {.size = {300, 224}}});
  cases.push_back({"flip", decode(32, 32).add("image.flip"), {.size = {32, 32}, .flip_p = 0.5}});
  cases.push_back({"jitter",
                   decode(32, 40).add("image.color-jitter", {{"brightness", ValueArray{0.4}},
                                                             {"contrast", ValueArray{0.6}},
                                                             {"saturation", ValueArray{0.0, 3.0}},
                                                             {"hue", ValueArray{0.5}},
                                                             {"p", 0.8}}),
                   {.size = {32, 40},
                    .jitter = image::augment::ColorJitter::Params{
                        .brightness = {0.4}, .contrast = {0.6}, .saturation = {0.0, 3.0}, .hue = {0.5}, .p = 0.8}}});
  cases.push_back({"contrast",
                   decode(31, 33).add("image.color-jitter", {{"contrast", ValueArray{0.9}}}),
                   {.size = {31, 33}, .jitter = image::augment::ColorJitter::Params{.contrast = {0.9}}}});
  cases.push_back(
      {"erase",
       decode(40, 40).add("image.erase", {{"value", ValueArray{1, 200, 30}}, {"p", 0.7}}),
       {.size = {40, 40}, .erase = image::augment::Erase::Params{.value = {.colour = {1, 200, 30}}, .p = 0.7}}});
  cases.push_back({"cutout",
                   decode(40, 40).add("image.erase", {{"side", 17}, {"p", 1.0}}),
                   {.size = {40, 40}, .erase = image::augment::Erase::Params{.side = 17, .p = 1}}});
  cases.push_back({"all",
                   decode(56, 48)
                       .add("image.flip", {{"p", 0.3}})
                       .add("image.color-jitter", {{"brightness", ValueArray{0.4}},
                                                   {"contrast", ValueArray{0.4}},
                                                   {"saturation", ValueArray{0.4}},
                                                   {"hue", ValueArray{0.1}}})
                       .add("image.erase")
                       .add("image.mixup", {{"alpha", 1.0}, {"p", 0.7}}),
                   {.size = {56, 48},
                    .flip_p = 0.3,
                    .jitter =
                        image::augment::ColorJitter::Params{
                            .brightness = {0.4}, .contrast = {0.4}, .saturation = {0.4}, .hue = {0.1}},
                    .erase = image::augment::Erase::Params{},
                    .mixup = image::augment::Mixup::Params{.alpha = 1, .p = 0.7}}});
  return cases;
}

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
