// What this machine can multiply: the ceiling of a training step.
#pragma once

namespace penstock::learn {

/// Floating-point operations per second (2 n^3 a product) of matrix products n = 1024 on the CPU with `threads` torch threads.
struct GemmRates {
  double f32 = 0;
  double bf16 = 0;
};

/// Takes about half a second. Sets the calling thread's number of torch threads.
GemmRates measure_gemm(int threads);

}  // namespace penstock::learn
