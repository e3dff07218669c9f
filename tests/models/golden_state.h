// The numbers that golden files are made with, computed here once more.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace penstock::nets::test {

/// `pattern` of make_golden.py.
inline double pattern(uint64_t i, uint64_t stream) {
  uint64_t x = (i + (stream << 32) + 1) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  x ^= x >> 31;
  return static_cast<double>(x >> 40) / 8388608.0 - 1.0;
}

/// `fill` of make_golden.py.
inline at::Tensor filled(uint64_t index, const std::string& name, const std::vector<int64_t>& shape) {
  const bool counter = name.ends_with("num_batches_tracked");
  const at::Tensor out = at::empty(shape, at::TensorOptions().dtype(counter ? at::kLong : at::kFloat));
  if (counter) {
    *out.mutable_data_ptr<int64_t>() = static_cast<int64_t>(index);
    return out;
  }
  float* values = out.mutable_data_ptr<float>();
  const double scale =
      shape.size() >= 2 ? std::sqrt(3.0 / (static_cast<double>(out.numel()) / static_cast<double>(shape[0]))) : 1.0;
  const bool around_one = name.ends_with("running_var") || name.ends_with("weight");
  for (int64_t i = 0; i < out.numel(); ++i) {
    const double wave = pattern(static_cast<uint64_t>(i), index);
    values[i] = static_cast<float>(shape.size() >= 2 ? wave * scale : around_one ? 1.0 + 0.5 * wave : 0.1 * wave);
  }
  return out;
}

}  // namespace penstock::nets::test
