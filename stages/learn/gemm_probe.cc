#include "stages/learn/gemm_probe.h"

#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "engine/base/clock.h"
#include "stages/learn/torch_scope.h"

namespace penstock::learn {
namespace {

constexpr int64_t kSide = 1024;  // 4 MB a matrix in f32: as large as the products inside a ResNet's convolutions
constexpr double kSeconds = 0.2;

double rate_of(at::ScalarType type) {
  const at::Tensor a = at::ones({kSide, kSide}, type);
  const at::Tensor b = at::ones({kSide, kSide}, type);
  at::Tensor warm = at::mm(a, b);
  Clock& clock = Clock::system();
  const double flops = 2.0 * kSide * kSide * kSide;
  double best = 0;
  for (const double until = clock.now_seconds() + kSeconds; clock.now_seconds() < until;) {
    const double begin = clock.now_seconds();
    warm = at::mm(a, b);
    best = std::max(best, flops / (clock.now_seconds() - begin));
  }
  return best;
}

}  // namespace

GemmRates measure_gemm(int threads) {
  return guarded("measuring matrix products", [&] {
    set_up_torch_thread(threads);
    const c10::InferenceMode no_gradients;
    return GemmRates{.f32 = rate_of(at::kFloat), .bf16 = rate_of(at::kBFloat16)};
  });
}

}  // namespace penstock::learn
