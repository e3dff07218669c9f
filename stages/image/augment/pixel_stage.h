// What the stages of this room that change one picture share.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/params.h"
#include "engine/graph/stage.h"
#include "stages/image/augment/pixel_view.h"

namespace penstock::image::augment {

/// Works on "pixels" u8 (height, width, 3), in place, with probability `p`. Draws for p first, whatever p is. Each view of (views, height,
/// width, 3) is a picture of its own, drawn for one after the other.
class PixelStage : public RecordStage {
 public:
  Bound bind(const Schema& in) const override;
  Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const override;

 protected:
  /// `name` is the one in the registry and must live on.
  PixelStage(const char* name, double p) : name_(name), p_(p) {}
  const char* name() const { return name_; }

 private:
  /// `draws` goes on behind the draw for p.
  virtual void change(PixelView picture, Draws& draws, Scratch& scratch) const = 0;
  /// Of a thread, for pictures of this size.
  virtual uint64_t scratch_bytes(int /*width*/, int /*height*/) const { return 0; }

  const char* name_;
  double p_;
};

/// Numbers from low to high; one draw of a stage.
struct Span {
  double low = 0;
  double high = 0;
  double draw(Draws& draws) const { return draws.uniform(low, high); }
  bool operator==(const Span&) const = default;
};

/// A parameter that is one number or [low, high]. Throws Error kUsage that names `what` unless there are one or two, in
/// order, and all from `least` to `most`.
Span span_of(const std::vector<double>& values, const std::string& what, double least, double most);

}  // namespace penstock::image::augment
