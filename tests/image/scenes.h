// Painted scenes whose masks and boxes are known: for tests of what is moved alike.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "engine/data/source.h"
#include "engine/order/draws.h"
#include "stages/image/geometry/warp.h"
#include "stages/image/png_encoder.h"
#include "tests/image/number_png.h"

namespace penstock::image::geometry {

using Values = std::vector<std::uint8_t>;
using Encoded = std::vector<std::byte>;

/// Black with three rectangles of class 1 (white), 2 (red) and 3 (green), which may overlap: the later is above.
struct Scene {
  Picture picture;
  Values mask;
  std::vector<Box> boxes;
};

inline Scene scene_of(uint64_t id) {
  Draws draws(77, 0, id, 1);
  Scene scene;
  const int width = 90 + static_cast<int>(draws.below(60)), height = 80 + static_cast<int>(draws.below(60));
  scene.picture = {width, height, Values(static_cast<std::size_t>(width) * height * 3)};
  scene.mask.resize(static_cast<std::size_t>(width) * height);
  constexpr std::uint8_t kColours[3][3] = {{255, 255, 255}, {255, 0, 0}, {0, 255, 0}};
  for (int k = 0; k < 3; ++k) {
    const int w = 12 + static_cast<int>(draws.below(30)), h = 12 + static_cast<int>(draws.below(30));
    const int x = static_cast<int>(draws.below(static_cast<uint64_t>(width - w))),
              y = static_cast<int>(draws.below(static_cast<uint64_t>(height - h)));
    scene.boxes.push_back(
        {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + w), static_cast<float>(y + h)});
    for (int j = y; j < y + h; ++j)
      for (int i = x; i < x + w; ++i) {
        const std::size_t at = static_cast<std::size_t>(j) * width + i;
        scene.mask[at] = static_cast<std::uint8_t>(k + 1);
        std::memcpy(scene.picture.rgb.data() + 3 * at, kColours[k], 3);
      }
  }
  return scene;
}

/// What is wrong with record 3.
enum class Flaw { kNone, kMaskOfAnotherSize, kMaskInColour, kNoMask, kBoxTurnedRound, kBoxNotFinite, kLabelMissing };

/// Scenes as encoded pictures, masks (grey and of a palette in turn), boxes and their labels.
class Scenes final : public Source {
 public:
  explicit Scenes(uint64_t size, Flaw flaw = Flaw::kNone) : size_(size), flaw_(flaw) {}
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return size_; }
  uint64_t fingerprint() const override { return size_; }
  uint64_t record_bytes(uint64_t) const override { return max_record_bytes(); }
  uint64_t max_record_bytes() const override { return 1 << 18; }
  bool waits() const override { return false; }
  Location locate(uint64_t id) const override { return {"scene", id, 0}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      Scene scene = scene_of(ids[i]);
      const Flaw flaw = ids[i] == 3 ? flaw_ : Flaw::kNone;
      Encoded mask = png_of_numbers(scene.mask, scene.picture.width, scene.picture.height, ids[i] % 2 == 1);
      std::vector<int64_t> labels{1, 2, 3};
      if (flaw == Flaw::kMaskOfAnotherSize) mask = png_of_numbers(Values(30 * 20), 30, 20, false);
      if (flaw == Flaw::kMaskInColour) mask = encode_png(scene.picture);
      if (flaw == Flaw::kNoMask) mask.clear();
      if (flaw == Flaw::kBoxTurnedRound) std::swap(scene.boxes[1].x0, scene.boxes[1].x1);
      if (flaw == Flaw::kBoxNotFinite) scene.boxes[2].y1 = std::nanf("");
      if (flaw == Flaw::kLabelMissing) labels.pop_back();
      put(out, 0, i, encode_png(scene.picture), 1);
      put(out, 1, i, mask, 1);
      put(out, 2, i, scene.boxes, sizeof(Box));
      put(out, 3, i, labels, sizeof(int64_t));
    }
  }

 private:
  template <class T>
  static void put(Intake& out, std::size_t field, std::size_t i, const std::vector<T>& values, std::size_t row_bytes) {
    const std::size_t bytes = values.size() * sizeof(T);
    if (std::byte* at = out.rows(field, i, bytes / row_bytes)) std::memcpy(at, values.data(), bytes);
  }

  uint64_t size_;
  Flaw flaw_;
  Schema schema_{Field::encoded("bytes"), Field::encoded("mask_bytes"), Field::ragged("boxes", DType::kF32, {4}, 8),
                 Field::ragged("box_label", DType::kI64, {}, 8)};
};

}  // namespace penstock::image::geometry
