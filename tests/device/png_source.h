// Made pictures, and chains of stages that are done on CPUs and devices.
#pragma once

#include <functional>

#include "engine/graph/graph_spec.h"
#include "stages/device/augmenter.h"
#include "stages/image/png_encoder.h"
#include "tests/device/on_device.h"
#include "tests/image/photos.h"
#include "tests/image/pixel_source.h"

namespace penstock::device {

/// Made pictures of many sizes as PNGs, or as `encode` makes them of a picture and its id.
class PngSource final : public Source {
 public:
  using Encode = std::function<std::vector<std::byte>(const image::Picture&, uint64_t id)>;
  static std::vector<std::byte> as_png(const image::Picture& picture, uint64_t) { return image::encode_png(picture); }

  explicit PngSource(uint64_t size, const Encode& encode = as_png) {
    for (uint64_t id = 0; id < size; ++id) {
      const auto width = static_cast<int>(1 + id * 97 % 311), height = static_cast<int>(1 + id * 53 % 257);
      pictures.push_back(image::made_picture(width, height, static_cast<unsigned>(id)));
      encoded.push_back(encode(pictures.back(), id));
    }
  }
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return pictures.size(); }
  uint64_t fingerprint() const override { return pictures.size(); }
  uint64_t record_bytes(uint64_t id) const override { return encoded[id].size(); }
  bool verified(uint64_t) const override { return is_verified; }
  uint64_t max_record_bytes() const override { return 1 << 20; }
  bool waits() const override { return false; }
  Location locate(uint64_t id) const override { return {"png", id, 0}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (size_t i = 0; i < ids.size(); ++i) {
      if (std::byte* at = out.rows(0, i, encoded[ids[i]].size()))
        std::memcpy(at, encoded[ids[i]].data(), encoded[ids[i]].size());
      const auto label = static_cast<int64_t>(ids[i]);
      if (std::byte* at = out.row(1, i)) std::memcpy(at, &label, sizeof label);
    }
  }

  std::vector<image::Picture> pictures;
  std::vector<std::vector<std::byte>> encoded;
  bool is_verified = false;  ///< all of them, as a pack's are

 private:
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

}  // namespace penstock::device
