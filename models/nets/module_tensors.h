// What networks made of modules answer alike.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "models/nets/net.h"

namespace penstock::nets {

/// By their names in `module`, as Net::parameters() and buffers() give them.
std::vector<NamedTensor> parameters_of(const torch::nn::Module& module);
std::vector<NamedTensor> buffers_of(const torch::nn::Module& module);

/// Net::count_over(). Throws Error kUsage with `hint` where a group is given and `arch` has no batch norms.
void count_norms_over(const torch::nn::Module& module, Collective* group, const std::string& arch,
                      const std::string& hint);

}  // namespace penstock::nets
