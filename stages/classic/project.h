// A row of features in fewer values.
#pragma once

#include "engine/graph/params.h"
#include "stages/classic/stored_model.h"

namespace penstock::classic {

/// The principal components of a stored clustering that was made with --pca. "features" f32 (N, width) -> "features" f32 (N, p). A record
/// whose features are not finite is refused. Draws nothing. The same bytes on every CPU (fixed_order.h).
class Project final : public SliceStage {
 public:
  struct Params {
    std::string model;
    static void describe(ParamTable<Params>& t);
  };
  explicit Project(const Params& params) : stored_(params.model, "classic.project") {}

  Bound bind(const Schema& in) const override;
  void run(SliceView& slice, Scratch& scratch) const override;

 private:
  StoredModel stored_;
};

}  // namespace penstock::classic
