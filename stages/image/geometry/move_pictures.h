// Stages image.affine and image.perspective: pictures and masks that are moved in place.
#pragma once

#include <memory>
#include <string>

#include "engine/graph/params.h"
#include "engine/graph/stage.h"
#include "stages/image/geometry/move.h"
#include "stages/image/geometry/warp_pixels.h"

namespace penstock::image::geometry {

/// Fields that hold pictures or masks: u8 (N, h, w, 1 or 3), also several views. Throws Error kUsage that names `who`.
const Field& require_movable(const Schema& in, const char* who);

/// Moves "pixels" u8 (h, w, 3) or (h, w, 1), in place; each view of (views, h, w, c) by itself. One channel is a mask, looked up
/// nearest.
class PictureMover : public RecordStage {
 public:
  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;

 protected:
  /// `name` must live on. `fill`: 0 to 255 each.
  PictureMover(const char* name, std::unique_ptr<const Move> move, Interpolation interpolation,
               const std::array<int, 3>& fill);

 private:
  const char* name_;
  std::unique_ptr<const Move> move_;
  Interpolation interpolation_;
  Colour fill_;
};

/// The parameters of all that moves pixels.
template <class P>
void describe_look_up(ParamTable<P>& t) {
  t.add("interpolation", &P::interpolation,
        "how pixels are looked up where a picture is moved; a mask of one channel is always nearest",
        one_of<Interpolation>({{"nearest", Interpolation::kNearest}, {"bilinear", Interpolation::kBilinear}}));
  t.add("fill", &P::fill, "what is written where nothing comes to lie: a grey or [r, g, b]", in_range(0, 255));
}

/// M: a move that keeps the size.
template <class M>
class MovePictures final : public PictureMover {
 public:
  struct Params : M::Params {
    Interpolation interpolation = M::kInterpolation;
    std::array<int, 3> fill = {0, 0, 0};

    static void describe(ParamTable<Params>& t) {
      M::Params::describe(t);
      describe_look_up(t);
    }
  };

  explicit MovePictures(Params params)
      : PictureMover(M::kName, std::make_unique<M>(params), params.interpolation, params.fill) {}
};

}  // namespace penstock::image::geometry
