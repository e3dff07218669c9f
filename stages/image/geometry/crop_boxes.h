// Stage image.crop-boxes: boxes that follow image.decode from the stored picture into the view of it.
#pragma once

#include "engine/graph/stage.h"
#include "stages/image/view_params.h"

namespace penstock::image::geometry {

/// Moves "boxes" (and "box_label") from pixels of the picture in "bytes", whose header is read for its size, to pixels of its view, with the
/// draws of an image.decode of the same parameters and the same `draw`.
class CropBoxes final : public RecordStage {
 public:
  struct Params : ViewParams {
    double min_visible = 0;
    static void describe(ParamTable<Params>& t);
  };

  /// Throws Error kUsage where scale or ratio run from high to low.
  explicit CropBoxes(Params params);
  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;

 private:
  Params params_;
};

}  // namespace penstock::image::geometry
