// Batch norm that can count over the records of all lanes.
#pragma once

#include <torch/nn/modules/batchnorm.h>

#include "engine/device/collective.h"

namespace penstock::nets {

/// torch's BatchNorm2d, with its names and its buffers. With a group, training counts over the records of all lanes (SyncBatchNorm):
/// mean and variance are those of the whole batch, forward and backward each make one sum of 2 C + 1 or 2 C values. All lanes must then
/// call in step, each with a record at least.
class BatchNormImpl final : public torch::nn::BatchNorm2dImpl {
 public:
  explicit BatchNormImpl(int64_t channels) : torch::nn::BatchNorm2dImpl(channels) {}

  /// x (N, C, H, W) f32 or bf16 -> the same.
  at::Tensor forward(const at::Tensor& x);
  /// Null: each lane counts for itself. Must outlive the training with it.
  void count_over(Collective* group) { group_ = group; }
  bool counts_over_lanes() const { return group_ != nullptr; }

 private:
  Collective* group_ = nullptr;
};

class BatchNorm : public torch::nn::ModuleHolder<BatchNormImpl> {
 public:
  using torch::nn::ModuleHolder<BatchNormImpl>::ModuleHolder;
};

}  // namespace penstock::nets
