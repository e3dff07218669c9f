#include "engine/base/error.h"
#include "stages/learn/learner.h"

namespace penstock::learn {

Precision precision_named(std::string_view name) {
  if (name == "f32") return Precision::kF32;
  if (name == "bf16") return Precision::kBf16;
  throw Error(Code::kUsage, "train.precision '" + std::string(name) + "' is not known").hint("there are f32, bf16");
}

std::string_view name_of(Precision precision) { return precision == Precision::kF32 ? "f32" : "bf16"; }

}  // namespace penstock::learn
