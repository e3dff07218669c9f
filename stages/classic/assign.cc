#include "stages/classic/assign.h"

#include <cmath>

#include "models/classic/fixed_order.h"

namespace penstock::classic {

void Assign::Params::describe(ParamTable<Params>& t) {
  t.add("model", &Params::model, "the clustering, as penstock cluster --centers FILE stores it");
}

Bound Assign::bind(const Schema& in) const {
  stored_.require(in);
  return {.reads = {"features"},
          .writes = {Field::fixed("cluster", DType::kI64), Field::fixed("distance", DType::kF32)},
          .scratch_bytes = stored_.model().width * sizeof(float),
          .resident_bytes = stored_.bytes(),
          .contents = stored_.contents()};
}

void Assign::run(SliceView& slice, Scratch& scratch) const {
  const ClusterModel& model = stored_.model();
  const size_t width = model.input_width();
  const auto features = slice.in(0).as<float>();
  const auto clusters = slice.out(0).as<int64_t>();
  const auto distances = slice.out(1).as<float>();
  auto& projected = scratch.get<std::vector<float>>(model.width);
  for (size_t i = 0; i < slice.count(); ++i) {
    const float* row = features.data() + i * width;
    clusters[i] = -1;
    distances[i] = 0;
    if (!StoredModel::finite(row, width)) {
      slice.reject(i, "a feature is not finite");
      continue;
    }
    if (model.pca) {
      stored_.project(row, projected);
      row = projected.data();
    }
    float least = INFINITY;
    for (size_t c = 0; c < model.size(); ++c) {
      const float distance2 = fixed_distance2(row, model.centres.data() + c * model.width, model.width);
      if (distance2 >= least) continue;
      least = distance2;
      clusters[i] = static_cast<int64_t>(c);
    }
    distances[i] = std::sqrt(least);
    if (clusters[i] < 0) slice.reject(i, "its distances to all centres overflow");
  }
}

}  // namespace penstock::classic
