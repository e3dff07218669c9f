#include "tests/bench/cuda/classic_rates.h"

#include <cublas_v2.h>

#include <bit>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/cuda_stream.h"
#include "models/classic/cuda/cuda_algebra.h"
#include "tests/bench/cuda/timing.h"

namespace penstock::bench {
namespace {

constexpr size_t kBase = 65536, kQueries = 8192, kTile = 8192, kCentres = 1024;
constexpr double kTera = 1e12;

// Values between -1 and 1 of no pattern that a search could profit from.
std::vector<float> values(size_t count) {
  std::vector<float> out(count);
  uint64_t state = 1;
  for (float& x : out) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    x = static_cast<float>(static_cast<int32_t>(state >> 32)) * 0x1p-31f;
  }
  return out;
}

struct Kind {
  const char* name;
  cudaDataType in;
  cublasComputeType_t compute;
};
constexpr Kind kKinds[] = {{"f32", CUDA_R_32F, CUBLAS_COMPUTE_32F_PEDANTIC},
                           {"tf32", CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32},
                           {"bf16", CUDA_R_16BF, CUBLAS_COMPUTE_32F}};

/// TFLOP/s of (n, d) times (points, d) transposed into f32, in tiles of 8192 rows that are written over each other: what a search and an
/// assignment would take if they did nothing beside it.
double product_rate(Stream& stream, Device& device, const Kind& kind, size_t n, size_t points, size_t d) {
  DeviceBuffer a = device.allocate(n * d * sizeof(float), "bench"),
               b = device.allocate(points * d * sizeof(float), "bench"),
               c = device.allocate(kTile * points * sizeof(float), "bench");
  // Values as a search has them: a GPU multiplies zeros with less power, and faster. A bf16 is the upper half of an f32.
  const std::vector<float> full = values(std::max(n, points) * d);
  std::vector<uint16_t> halves;
  for (const float x : full) halves.push_back(static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16));
  const bool half = kind.in == CUDA_R_16BF;
  const size_t bytes = half ? sizeof(uint16_t) : sizeof(float);
  const void* from = half ? static_cast<const void*>(halves.data()) : full.data();
  stream.copy(a.data(), from, n * d * bytes);
  stream.copy(b.data(), from, points * d * bytes);
  stream.synchronize();
  cublasHandle_t handle = nullptr;
  if (cublasCreate(&handle) != CUBLAS_STATUS_SUCCESS) throw Error(Code::kDevice, "cuBLAS does not start");
  cublasSetStream(handle, cuda_stream_of(stream));
  const float one = 1, none = 0;
  const auto m = static_cast<int>(points), k = static_cast<int>(d);
  const Seconds s = time_on(stream, [&] {
    stream.launch([&] {
      for (size_t i = 0; i < n; i += kTile)
        if (cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, m, static_cast<int>(kTile), k, &one, b.data(), kind.in, k,
                         a.data() + i * d * bytes, kind.in, k, &none, c.data(), CUDA_R_32F, m, kind.compute,
                         CUBLAS_GEMM_DEFAULT) != CUBLAS_STATUS_SUCCESS)
          throw Error(Code::kDevice, std::string("cuBLAS refuses a product in ") + kind.name);
    });
  });
  cublasDestroy(handle);
  const double flops = 2.0 * static_cast<double>(n) * static_cast<double>(points) * static_cast<double>(d) / kTera;
  row("cuBLAS, " + std::to_string(n) + " x " + std::to_string(points) + " x " + std::to_string(d) + ", " + kind.name, s,
      flops, "TFLOP/s");
  return flops / s.median;
}

void search_rates(Stream& stream, classic::Algebra& algebra, const classic::HeldRows& base, const double* rates,
                  const std::vector<float>& rows, size_t d) {
  const auto queries = algebra.hold({rows.data(), kQueries, d}, {.norms = true});
  const double flops = 2.0 * static_cast<double>(kBase * kQueries) * static_cast<double>(d) / kTera;
  for (const size_t k : {10u, 1000u}) {
    const Seconds s = time_on(stream, [&] {
      const auto found = algebra.start_search(*queries, k, classic::Metric::kL2, 0);
      algebra.search(*found, *queries, base, 0);  // waits for the GPU
    });
    for (size_t i = 0; i < std::size(kKinds); ++i)
      row(std::to_string(k) + " nearest of " + std::to_string(kBase) + " rows of " + std::to_string(d) +
              " (of cuBLAS in " + kKinds[i].name + ")",
          s, flops, "TFLOP/s", rates[i]);
  }
}

void assign_rate(Stream& stream, classic::Algebra& algebra, const classic::HeldRows& base, double rate,
                 const std::vector<float>& rows, size_t d) {
  std::vector<int32_t> labels(kBase);
  std::vector<float> distances2(kBase);
  const Seconds s = time_on(stream, [&] {
    algebra.assign(base, 0, {rows.data(), kCentres, d}, labels, distances2, nullptr);
  });
  row("nearest of 1024 centres, rows of " + std::to_string(d) + ", labels to the host (of cuBLAS in f32)", s,
      2.0 * static_cast<double>(kBase * kCentres) * static_cast<double>(d) / kTera, "TFLOP/s", rate);
}

}  // namespace

void classic_rates(Stream& stream) {
  const auto device = make_cuda_device(0);
  const auto algebra = classic::make_cuda_algebra(0);
  for (const size_t d : {64u, 128u, 512u, 2048u}) {
    double rates[std::size(kKinds)];
    for (size_t i = 0; i < std::size(kKinds); ++i)
      rates[i] = product_rate(stream, *device, kKinds[i], kBase, kQueries, d);
    const double assign = product_rate(stream, *device, kKinds[0], kBase, kCentres, d);
    const std::vector<float> rows = values(kBase * d);
    const auto base = algebra->hold({rows.data(), kBase, d}, {.norms = true});
    search_rates(stream, *algebra, *base, rates, rows, d);
    assign_rate(stream, *algebra, *base, assign, rows, d);
  }
}

}  // namespace penstock::bench
