// SGD and AdamW over all parameters at once, with ATen's fused kernels (one pass over weights, gradients and state).
#pragma once

#include <cstdint>
#include <vector>

#include "models/nets/net.h"
#include "stages/learn/optimiser_config.h"
#include "stages/learn/schedule.h"

namespace penstock::learn {

/// Not thread-safe; lives in the lane's thread.
class Optimiser {
 public:
  /// Keeps the parameters (they share memory with the network) and allots state of zeros in their memory format.
  /// Throws Error kUsage where a number makes no sense.
  Optimiser(OptimiserConfig config, std::vector<nets::NamedTensor> parameters);

  /// Applies the gradients that lie in the parameters and drops them. Parameters without a gradient stay as they are.
  /// `step` counts from 0 (AdamW's bias correction).
  void step(uint64_t step, Rates rates);

  /// State to save, "optimizer/momentum/conv1.weight" and the like; shares memory, so it can be copied into.
  std::vector<nets::NamedTensor> state() const;

 private:
  struct Group {  // parameters with the same weight decay
    double weight_decay = 0;
    std::vector<nets::NamedTensor> parameters;
    std::vector<at::Tensor> first, second;  // momentum; AdamW's running squares
  };

  void step_group(Group& group, uint64_t step, Rates rates);

  OptimiserConfig config_;
  std::vector<Group> groups_;
};

}  // namespace penstock::learn
