#include "models/nets/module_tensors.h"

#include "engine/base/error.h"
#include "models/nets/batch_norm.h"

namespace penstock::nets {
namespace {

template <class Dict>
std::vector<NamedTensor> listed(const Dict& dict) {
  std::vector<NamedTensor> out;
  for (const auto& item : dict) out.emplace_back(item.key(), item.value());
  return out;
}

}  // namespace

std::vector<NamedTensor> parameters_of(const torch::nn::Module& module) { return listed(module.named_parameters()); }
std::vector<NamedTensor> buffers_of(const torch::nn::Module& module) { return listed(module.named_buffers()); }

void count_norms_over(const torch::nn::Module& module, Collective* group, const std::string& arch,
                      const std::string& hint) {
  bool found = false;
  for (const auto& part : module.modules(/*include_self=*/false)) {
    auto* norm = part->as<BatchNormImpl>();
    if (norm == nullptr) continue;
    norm->count_over(group);
    found = true;
  }
  if (group != nullptr && !found)
    throw Error(Code::kUsage, "this " + arch + " has no batch norms that could count over all lanes").hint(hint);
}

}  // namespace penstock::nets
