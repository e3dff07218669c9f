// Stage image.flip: mirrors pictures left to right.
#pragma once

#include "engine/graph/params.h"
#include "engine/graph/stage.h"

namespace penstock::image {

/// Mirrors "pixels" u8 (h, w, c) left to right with probability `p`, in place; each view of (views, h, w, c) by itself.
/// Draws once a picture.
class Flip final : public RecordStage {
 public:
  struct Params {
    float p = 0.5f;
    static void describe(ParamTable<Params>& t) {
      t.add("p", &Params::p, "probability that a picture is mirrored", in_range(0, 1));
    }
  };

  explicit Flip(Params params) : params_(params) {}
  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;

 private:
  Params params_;
};

}  // namespace penstock::image
