#include "stages/learn/optimiser.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

namespace penstock::learn {

Optimiser::Optimiser(OptimiserConfig config, std::vector<nets::NamedTensor> parameters) : config_(config), groups_(2) {
  check(config);
  groups_[0].weight_decay = config.weight_decay;
  for (nets::NamedTensor& named : parameters) {
    if (!named.second.requires_grad()) continue;
    Group& group = groups_[named.second.dim() >= 2 ? 0 : 1];
    group.first.push_back(at::zeros_like(named.second));
    if (config.kind == OptimiserKind::kAdamW) group.second.push_back(at::zeros_like(named.second));
    group.parameters.push_back(std::move(named));
  }
}

void Optimiser::step(uint64_t step, Rates rates) {
  const at::NoGradGuard no_grad;
  for (Group& group : groups_) step_group(group, step, rates);
}

void Optimiser::step_group(Group& group, uint64_t step, Rates rates) {
  std::vector<at::Tensor> weights, gradients, first, second;
  for (size_t i = 0; i < group.parameters.size(); ++i) {
    at::Tensor weight = group.parameters[i].second;
    at::Tensor gradient = weight.grad();
    if (!gradient.defined()) continue;
    if (gradient.strides() != weight.strides()) {  // the fused kernels walk the memory, not the indices
      gradient = at::empty_like(weight).copy_(gradient);
    }
    weight.mutable_grad().reset();
    weights.push_back(weight);
    gradients.push_back(gradient);
    first.push_back(group.first[i]);
    if (config_.kind == OptimiserKind::kAdamW) second.push_back(group.second[i]);
  }
  if (weights.empty()) return;
  if (config_.kind == OptimiserKind::kSgd) {
    if (rates.momentum == 0) first.clear();  // the kernel insists
    at::_fused_sgd_(weights, gradients, first, group.weight_decay, rates.momentum, rates.lr, /*dampening=*/0.0,
                    config_.nesterov,
                    /*maximize=*/false, /*is_first_step=*/false);
    return;
  }
  const std::vector<at::Tensor> steps(
      weights.size(),
      at::full({}, static_cast<double>(step + 1), at::TensorOptions().dtype(at::kFloat).device(weights[0].device())));
  at::_fused_adamw_(weights, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps, rates.lr, rates.momentum,
                    config_.beta2, group.weight_decay, config_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

std::vector<nets::NamedTensor> Optimiser::state() const {
  std::vector<nets::NamedTensor> out;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      out.emplace_back("optimizer/momentum/" + group.parameters[i].first, group.first[i]);
      if (!group.second.empty()) out.emplace_back("optimizer/squares/" + group.parameters[i].first, group.second[i]);
    }
  }
  return out;
}

}  // namespace penstock::learn
