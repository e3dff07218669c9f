#include "models/nets/batch_norm.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "engine/device/in_process_collective.h"

namespace penstock::nets {
namespace {

struct Passed {
  at::Tensor y, dx, dweight, dbias, running_mean, running_variance;
};

/// Forward and backward of `x` (N, C, H, W) with the loss sum(y * dy).
Passed pass(BatchNorm& norm, const at::Tensor& x, const at::Tensor& dy) {
  at::Tensor in = x.clone().requires_grad_(true);
  at::Tensor y = norm(in);
  (y * dy).sum().backward();
  return {y.detach(), in.grad(), norm->weight.grad(), norm->bias.grad(), norm->running_mean, norm->running_var};
}

BatchNorm norm_of(const at::Tensor& weight, const at::Tensor& bias) {
  BatchNorm norm(weight.size(0));
  const at::NoGradGuard no_grad;
  norm->weight.copy_(weight);
  norm->bias.copy_(bias);
  return norm;
}

/// The largest difference, of the largest value.
double off(const at::Tensor& a, const at::Tensor& b) { return ((a - b).abs().max() / b.abs().max()).item<double>(); }

TEST(BatchNorm, OverAllLanesIsThatOfTheWholeBatch) {
  at::manual_seed(3);
  for (const int64_t side : {1, 5}) {
    for (const double mean : {0.0, 30.0}) {
      const at::Tensor x = at::randn({12, 6, side, side}) * 2 + mean, dy = at::randn({12, 6, side, side});
      const at::Tensor weight = at::randn({6}), bias = at::randn({6});
      BatchNorm whole = norm_of(weight, bias);
      const Passed expected = pass(whole, x, dy);
      for (const std::vector<int64_t>& shares : {std::vector<int64_t>{12}, {6, 6}, {1, 8, 3}}) {
        InProcessGroup group(static_cast<uint32_t>(shares.size()));
        std::vector<Passed> got(shares.size());
        std::vector<std::jthread> lanes;
        int64_t first = 0;
        for (size_t lane = 0; lane < shares.size(); ++lane) {
          lanes.emplace_back([&, lane, first] {
            const auto sums = group.rank(static_cast<uint32_t>(lane));
            BatchNorm norm = norm_of(weight, bias);
            norm->count_over(sums.get());
            got[lane] = pass(norm, x.narrow(0, first, shares[lane]), dy.narrow(0, first, shares[lane]));
          });
          first += shares[lane];
        }
        lanes.clear();
        at::Tensor dweight = got[0].dweight, dbias = got[0].dbias;
        first = 0;
        for (size_t lane = 0; lane < shares.size(); ++lane) {
          EXPECT_LE(off(got[lane].y, expected.y.narrow(0, first, shares[lane])), 1e-5);
          EXPECT_LE(off(got[lane].dx, expected.dx.narrow(0, first, shares[lane])), 2e-5);
          EXPECT_LE(off(got[lane].running_mean, expected.running_mean), 1e-6);
          EXPECT_LE(off(got[lane].running_variance, expected.running_variance), 1e-5);
          if (lane > 0) dweight = dweight + got[lane].dweight, dbias = dbias + got[lane].dbias;
          first += shares[lane];
        }
        EXPECT_LE(off(dweight, expected.dweight), 1e-5) << "side " << side << ", " << shares.size() << " lanes";
        EXPECT_LE(off(dbias, expected.dbias), 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace penstock::nets
