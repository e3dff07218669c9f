#include "models/nets/batch_norm.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/var_mean.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <span>
#include <vector>

namespace penstock::nets {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kOverRecords[] = {0, 2, 3};

at::Tensor by_channel(const at::Tensor& values) { return values.view({1, -1, 1, 1}); }

/// `values` f64 (n), summed over the lanes.
void sum_over(Collective& group, std::vector<double>& values) { group.all_reduce_sum(std::span(values)); }

std::vector<double> doubles_of(const at::Tensor& values) {
  const at::Tensor packed = values.to(at::kDouble).cpu().contiguous();
  const double* first = packed.const_data_ptr<double>();
  return {first, first + packed.numel()};
}

at::Tensor f32_of(const double* first, int64_t count, at::Device device) {
  at::Tensor out = at::empty({count}, at::TensorOptions().dtype(at::kFloat));
  float* to = out.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(first[i]);
  return out.to(device);
}

/// Mean and biased variance of each channel over all lanes, and how many values they are of. Each lane gives its count, sums and sums
/// of squares about its own mean, from which those about the mean of all follow exactly.
struct Statistics {
  std::vector<double> mean, variance;
  double count = 0;

  Statistics(const at::Tensor& x, Collective& group) {
    const auto channels = static_cast<size_t>(x.size(1));
    const auto [own_variance, own_mean] = at::var_mean(x, kOverRecords, /*correction=*/0);
    const double own = static_cast<double>(x.numel() / x.size(1));
    const std::vector<double> means = doubles_of(own_mean), variances = doubles_of(own_variance);
    std::vector<double> sums(2 * channels + 1);
    for (size_t c = 0; c < channels; ++c) {
      sums[c] = own * means[c];
      sums[channels + c] = own * (variances[c] + means[c] * means[c]);
    }
    sums[2 * channels] = own;
    sum_over(group, sums);
    count = sums[2 * channels];
    for (size_t c = 0; c < channels; ++c) {
      mean.push_back(sums[c] / count);
      variance.push_back(std::max(0.0, sums[channels + c] / count - mean[c] * mean[c]));
    }
  }
};

/// y = (x - mean) / sqrt(variance + eps) * weight + bias with the statistics of all lanes; Ioffe and Szegedy 2015 (arXiv 1502.03167),
/// whose gradient has the means over the batch of dy and of dy * xhat, here over all lanes' batch.
struct Synchronised final : torch::autograd::Function<Synchronised> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& running_mean, const at::Tensor& running_variance,
                            double momentum, double eps, int64_t group_address) {
    auto* group = reinterpret_cast<Collective*>(group_address);
    const at::Tensor values = x.to(at::kFloat);
    const Statistics all(values, *group);
    const int64_t channels = x.size(1);
    const at::Tensor mean = f32_of(all.mean.data(), channels, x.device());
    const at::Tensor variance = f32_of(all.variance.data(), channels, x.device());
    const at::Tensor inverse = (variance + eps).rsqrt();
    running_mean.lerp_(mean, momentum);
    running_variance.lerp_(variance * (all.count / std::max(1.0, all.count - 1)), momentum);
    context->save_for_backward({values, weight, mean, inverse});
    context->saved_data["count"] = all.count;
    context->saved_data["group"] = group_address;
    const at::Tensor scale = inverse * weight;
    return (values * by_channel(scale) + by_channel(bias - mean * scale)).to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &values = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3];
    auto* group = reinterpret_cast<Collective*>(context->saved_data["group"].toInt());
    const double count = context->saved_data["count"].toDouble();
    const int64_t channels = values.size(1);
    const at::Tensor dy = gradients[0].to(at::kFloat);
    const at::Tensor normed = (values - by_channel(mean)) * by_channel(inverse);
    const at::Tensor sum_dy = dy.sum(kOverRecords), sum_dy_normed = (dy * normed).sum(kOverRecords);
    std::vector<double> sums = doubles_of(sum_dy);
    const std::vector<double> more = doubles_of(sum_dy_normed);
    sums.insert(sums.end(), more.begin(), more.end());
    sum_over(*group, sums);
    for (double& sum : sums) sum /= count;
    const at::Tensor mean_dy = f32_of(sums.data(), channels, dy.device());
    const at::Tensor mean_dy_normed = f32_of(sums.data() + channels, channels, dy.device());
    const at::Tensor dx =
        (dy - by_channel(mean_dy) - normed * by_channel(mean_dy_normed)) * by_channel(inverse * weight);
    return {dx.to(gradients[0].scalar_type()), sum_dy_normed, sum_dy, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor BatchNormImpl::forward(const at::Tensor& x) {
  if (group_ == nullptr || !is_training()) return torch::nn::BatchNorm2dImpl::forward(x);
  {
    const at::NoGradGuard no_grad;
    num_batches_tracked.add_(1);
  }
  return Synchronised::apply(x, weight, bias, running_mean, running_var, *options.momentum(), options.eps(),
                             reinterpret_cast<int64_t>(group_));
}

}  // namespace penstock::nets
