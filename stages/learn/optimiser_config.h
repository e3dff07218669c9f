// What a recipe's [train] says about the optimiser. No torch here.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::learn {

enum class OptimiserKind : uint8_t {
  kSgd,    ///< with momentum, Nesterov's if asked; as torch.optim.SGD
  kAdamW,  ///< Loshchilov and Hutter 2017, as torch.optim.AdamW
};

/// "sgd", "adamw". Throws Error kUsage that lists them for another name.
OptimiserKind optimiser_named(std::string_view name);
std::string_view name_of(OptimiserKind kind);

/// The learning rate is the schedule's.
struct OptimiserConfig {
  OptimiserKind kind = OptimiserKind::kAdamW;
  double momentum = 0.9;       ///< kSgd; kAdamW: beta1
  double beta2 = 0.999;        ///< kAdamW
  double epsilon = 1e-8;       ///< kAdamW
  bool nesterov = false;       ///< kSgd
  double weight_decay = 0.01;  ///< on weights of two dimensions and more; norms and biases are spared
};

/// Throws Error kUsage that names the number that makes no sense.
void check(const OptimiserConfig& config);

}  // namespace penstock::learn
