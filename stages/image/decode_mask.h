// Stage image.decode-mask: the class of each pixel, seen as image.decode sees the picture.
#pragma once

#include "engine/graph/stage.h"
#include "stages/image/decoder.h"
#include "stages/image/view_params.h"

namespace penstock::image {

/// Reads "mask_bytes" (a PNG of a palette or of grey values: the numbers stay as they are stored) and writes "mask" u8 (h, w, 1), looked up
/// nearest. With the parameters of image.decode and the same `draw` it shows the same part: the mask must be of the size of the picture in
/// "bytes", whose header is read for that, or the record is refused
/// (of the size that is displayed, where orientation is honoured: masks themselves are never turned).
class DecodeMask final : public RecordStage {
 public:
  struct Params : ViewParams {
    std::int64_t max_pixels = DecodeLimits{}.max_pixels;
    static void describe(ParamTable<Params>& t);
  };

  /// Throws Error kUsage where scale or ratio run from high to low.
  explicit DecodeMask(Params params);
  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;

 private:
  Params params_;
};

}  // namespace penstock::image
