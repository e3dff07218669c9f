// Stage image.pad-crop: a random window of the picture with a border put around it.
#pragma once

#include "engine/graph/stage.h"
#include "stages/image/geometry/moves.h"

namespace penstock::image::geometry {

/// What the border is made of: numpy's and torchvision's names.
enum class Border : std::uint8_t {
  kConstant,   ///< one colour
  kEdge,       ///< the outermost pixel again
  kReflect,    ///< mirrored at the outermost pixel, which is not repeated
  kSymmetric,  ///< mirrored, and it is
};

/// The pixel that stands for number `i` of `n` where that lies outside (mirrored as often as it takes); -1 for a constant border.
int border_source(int i, int n, Border border);

/// The window with its top left corner at (x0, y0) of `from`, which may lie partly or wholly outside, into `to`: u8 (window, channels)
/// without gaps, not of `from`'s memory.
void cut_window(const PixelView& from, int x0, int y0, Size window, Border border, const Colour& fill,
                std::uint8_t* to);

/// A window of "pixels" u8 (h, w, 3 or 1), pixels exactly; each view of (views, h, w, c) by itself. In place where the size stays.
class PadCrop final : public RecordStage {
 public:
  struct Params : PadCropMoves::Params {
    Border mode = Border::kConstant;
    std::array<int, 3> fill = {0, 0, 0};

    static void describe(ParamTable<Params>& t) {
      PadCropMoves::Params::describe(t);
      t.add("mode", &Params::mode, "what the border is made of",
            one_of<Border>({{"constant", Border::kConstant},
                            {"edge", Border::kEdge},
                            {"reflect", Border::kReflect},
                            {"symmetric", Border::kSymmetric}}));
      t.add("fill", &Params::fill, "of a constant border: a grey or [r, g, b]", in_range(0, 255));
    }
  };

  explicit PadCrop(const Params& params);
  /// Throws Error kUsage where the window is larger than the padded picture.
  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;

 private:
  PadCropMoves moves_;
  Border border_;
  Colour fill_;
};

}  // namespace penstock::image::geometry
