// Which networks there are, without a torch header: for recipes, `check` and `penstock recipes`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::nets {

/// What a resnet has after each convolution. Group norm (Wu and He 2018) counts within each record: no lane needs another's statistics.
enum class NormKind : uint8_t { kBatch, kGroup };

/// What a recipe's [net] says.
struct NetSpec {
  std::string arch = "resnet18";    ///< a name of net_names(), or "torchscript": a module of the user's
  int64_t classes = 1000;           ///< width of the logits
  bool zero_init_residual = false;  ///< resnets: the last norm of each block starts at 0 (Goyal et al. 2017)
  NormKind norm = NormKind::kBatch;
};

/// "resnet18", "resnet34", "resnet50", in that order.
const std::vector<std::string>& net_names();

/// Throws Error kUsage that names the nearest network where `spec.arch` is unknown, or where `classes` < 1.
void check(const NetSpec& spec);

}  // namespace penstock::nets
