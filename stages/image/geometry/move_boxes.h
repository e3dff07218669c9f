// Stages image.…-boxes: boxes that go where their picture goes.
#pragma once

#include <memory>
#include <string>

#include "engine/graph/params.h"
#include "engine/graph/stage.h"
#include "stages/image/geometry/move.h"

namespace penstock::image::geometry {

/// The fields of boxes: "boxes" f32 (N, any, 4), rows x0, y0, x1, y1 in pixels, and, where the schema has it, "box_label" with a row a
/// box. Adds them to what `bound` reads and writes. Throws Error kUsage that names `who` where they are of another type.
void bind_boxes(const Schema& in, const char* who, Bound& bound);

/// Moves the boxes of a record, as bind_boxes() has bound them behind `first` other inputs: those that are no longer seen (see
/// moved()) are left out, with their labels; the order stays. The record is refused where a box is none (no finite numbers, or corners
/// the wrong way round) or labels are not as many.
Outcome move_boxes(RecordView& record, std::size_t first, const Warp& warp, Size out, double min_visible);

/// Moves "boxes" by the size of "pixels", which it does not touch.
class BoxMover : public RecordStage {
 public:
  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;

 protected:
  /// `name` must live on.
  BoxMover(const char* name, std::unique_ptr<const Move> move, double min_visible)
      : name_(name), move_(std::move(move)), min_visible_(min_visible) {}

 private:
  const char* name_;
  std::unique_ptr<const Move> move_;
  double min_visible_;
};

/// The parameter that all stages of boxes have.
template <class P>
void describe_min_visible(ParamTable<P>& t) {
  t.add("min_visible", &P::min_visible, "a box of whose area less is still in the picture is left out", in_range(0, 1));
}

template <class M>
class MoveBoxes final : public BoxMover {
 public:
  struct Params : M::Params {
    double min_visible = 0;

    static void describe(ParamTable<Params>& t) {
      M::Params::describe(t);
      describe_min_visible(t);
    }
  };

  explicit MoveBoxes(Params params) : BoxMover(M::kBoxesName, std::make_unique<M>(params), params.min_visible) {}
};

}  // namespace penstock::image::geometry
