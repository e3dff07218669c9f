// The cluster of a row of features.
#pragma once

#include "engine/graph/params.h"
#include "stages/classic/stored_model.h"

namespace penstock::classic {

/// The nearest centre of a stored clustering, projected first where the model is. "features" f32 (N, width) -> "cluster" i64 (N), the
/// lowest of those at the same distance, and "distance" f32 (N). A record whose features are not finite is refused. Draws nothing. The same
/// bytes on every CPU (fixed_order.h).
class Assign final : public SliceStage {
 public:
  struct Params {
    std::string model;
    static void describe(ParamTable<Params>& t);
  };
  explicit Assign(const Params& params) : stored_(params.model, "classic.assign") {}

  Bound bind(const Schema& in) const override;
  void run(SliceView& slice, Scratch& scratch) const override;

 private:
  StoredModel stored_;
};

}  // namespace penstock::classic
