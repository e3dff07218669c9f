#include "stages/classic/project.h"

namespace penstock::classic {

void Project::Params::describe(ParamTable<Params>& t) {
  t.add("model", &Params::model, "the clustering, as penstock cluster --pca D --centers FILE stores it");
}

Bound Project::bind(const Schema& in) const {
  stored_.require(in);
  if (!stored_.model().pca)
    throw Error(Code::kUsage, "classic.project: the model has no projection")
        .hint("make it with penstock cluster --pca D");
  const auto p = static_cast<int64_t>(stored_.model().width);
  return {.reads = {"features"},
          .writes = {Field::fixed("features", DType::kF32, {p})},
          .scratch_bytes = stored_.model().input_width() * sizeof(float),
          .resident_bytes = stored_.bytes(),
          .contents = stored_.contents()};
}

void Project::run(SliceView& slice, Scratch& scratch) const {
  const size_t width = stored_.model().input_width(), p = stored_.model().width;
  const auto features = slice.in(0).as<float>();
  const auto out = slice.out(0).as<float>();
  // As many values as before: then in and out are the same memory.
  auto& row = scratch.get<std::vector<float>>(width);
  for (size_t i = 0; i < slice.count(); ++i) {
    row.assign(features.data() + i * width, features.data() + (i + 1) * width);
    stored_.project(row.data(), out.subspan(i * p, p));
    if (!StoredModel::finite(row.data(), width)) slice.reject(i, "a feature is not finite");
  }
}

}  // namespace penstock::classic
