// What is to be done to each picture of a batch: drawn on the CPU, by the draws of the CPU's stages, and done on the device.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stages/image/augment/color_jitter.h"
#include "stages/image/augment/erase.h"
#include "stages/image/augment/mix.h"
#include "stages/image/view.h"

namespace penstock::device {

/// Crop, flip, colours, erase, mixup, in this order; what is not set is not done. The names are the stage ids of the recipe, which key the
/// draws: equal ids and parameters do what image.decode (random-resized-crop, exact, bilinear), image.flip, image.color-jitter, image.erase
/// and image.mixup do.
struct AugmentRecipe {
  image::Size size{224, 224};
  image::CropRange crop;
  std::string crop_id = "decode";
  std::optional<double> flip_p;
  std::string flip_id = "flip";
  std::optional<image::augment::ColorJitter::Params> jitter;
  std::string jitter_id = "color-jitter";
  std::optional<image::augment::Erase::Params> erase;
  std::string erase_id = "erase";
  std::optional<image::augment::Mixup::Params> mixup;
  std::string mixup_id = "mixup";
};

/// One picture's part. Plain: it is copied to the device as it is.
struct ImagePlan {
  uint64_t record = 0;
  int32_t x = 0, y = 0, width = 0, height = 0;  ///< what is cropped
  int32_t erase_x = 0, erase_y = 0, erase_width = 0, erase_height = 0;
  float factors[3] = {1, 1, 1};  ///< brightness, contrast, saturation
  uint8_t hue_steps = 0;
  uint8_t flip = 0;
  uint8_t changes = 0;              ///< how many of `order` are done
  uint8_t order[4] = {0, 0, 0, 0};  ///< 0 brightness, 1 contrast, 2 saturation, 3 hue
  uint8_t erase_colour[3] = {0, 0, 0};
};

struct AugmentPlan {
  std::vector<ImagePlan> images;
  bool mixes = false;    ///< picture i with picture i - 1, the first with the last
  int mix_weight = 256;  ///< of 256, of the picture itself
};

/// One batch as the draws are keyed.
struct BatchKey {
  uint64_t seed = 0;
  uint64_t epoch = 0;
  uint64_t first_position = 0;  ///< of the batch, in the epoch
};

/// Immutable, thread-safe.
class AugmentPlanner {
 public:
  /// Error kUsage for ranges that are none, and for erasing with noise, which the device does not do.
  explicit AugmentPlanner(AugmentRecipe recipe);

  const AugmentRecipe& recipe() const { return recipe_; }
  /// `sizes[i]` is the size of the stored picture of record ids[i].
  AugmentPlan plan(const BatchKey& key, std::span<const uint64_t> ids, std::span<const image::Size> sizes) const;

 private:
  AugmentRecipe recipe_;
  std::optional<image::augment::ColorJitter> jitter_;
  std::optional<image::augment::Erase> erase_;
};

}  // namespace penstock::device
