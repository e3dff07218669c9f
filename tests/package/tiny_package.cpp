// A compiled package's library, written by hand: what torch's loader asks of one, and a network of 8 x 3 filters of one pixel, ReLU, a mean over the
// picture and 8 x 3 weights. f32 (N, 3, H, W) -> f32 (N, 3). package.cmake compiles it as
//   TINY_BATCH 0: any number of records; else that many and no other, as with an export of a fixed batch
//   TINY_CHANNELS_LAST 1: takes pixels that lie as (N, H, W, C) and no others
//   TINY_OUTPUTS: how many; the others are copies
// made_package.h has its twin in TorchScript.
#include <torch/csrc/inductor/aoti_runtime/interface.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>

#include "tests/package/tiny_weights.h"

namespace {

using penstock::test::tiny_filter;
using penstock::test::tiny_weight;

constexpr char kInputs[] = R"([1, {"type": "builtins.tuple", "context": "null", "children_spec": []}])";

bool as_compiled(const int64_t* sizes, const int64_t* strides) {
  if (TINY_BATCH != 0 && sizes[0] != TINY_BATCH) return false;
  if (TINY_CHANNELS_LAST != 0) return strides[1] == 1 && strides[2] == 3 * sizes[3];
  return strides[3] == 1 && strides[2] == sizes[3] && strides[1] == sizes[2] * sizes[3];
}

void logits_of(const float* picture, const int64_t* sizes, const int64_t* strides, float* logits) {
  double mean[8] = {};
  for (int64_t y = 0; y < sizes[2]; ++y)
    for (int64_t x = 0; x < sizes[3]; ++x)
      for (int filter = 0; filter < 8; ++filter) {
        double sum = 0;
        for (int c = 0; c < 3; ++c)
          sum += tiny_filter(filter, c) * picture[c * strides[1] + y * strides[2] + x * strides[3]];
        if (sum > 0) mean[filter] += sum;
      }
  for (int k = 0; k < 3; ++k) {
    double sum = 0;
    for (int filter = 0; filter < 8; ++filter) sum += mean[filter] * tiny_weight(filter, k);
    logits[k] = static_cast<float>(sum / static_cast<double>(sizes[2] * sizes[3]));
  }
}

/// Whether a call into torch went well.
bool well(AOTITorchError error) { return error == AOTI_TORCH_SUCCESS; }

bool run(AtenTensorHandle input, AtenTensorHandle* output) {
  int64_t *sizes = nullptr, *strides = nullptr;
  void *pixels = nullptr, *logits = nullptr;
  if (!well(aoti_torch_get_sizes(input, &sizes)) || !well(aoti_torch_get_strides(input, &strides)) ||
      !well(aoti_torch_get_data_ptr(input, &pixels)) || !as_compiled(sizes, strides))
    return false;
  const int64_t shape[] = {sizes[0], 3}, steps[] = {3, 1};
  if (!well(aoti_torch_empty_strided(2, shape, steps, aoti_torch_dtype_float32(), aoti_torch_device_type_cpu(), 0,
                                     output)) ||
      !well(aoti_torch_get_data_ptr(*output, &logits)))
    return false;
  for (int64_t n = 0; n < sizes[0]; ++n)
    logits_of(static_cast<const float*>(pixels) + n * strides[0], sizes, strides, static_cast<float*>(logits) + n * 3);
  return true;
}

}  // namespace

extern "C" {

AOTI_API AOTIRuntimeError AOTInductorModelContainerCreateWithDevice(AOTInductorModelContainerHandle* container, size_t,
                                                                    const char*, const char*) {
  *container = reinterpret_cast<AOTInductorModelContainerHandle>(new int(0));
  return AOTI_RUNTIME_SUCCESS;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerDelete(AOTInductorModelContainerHandle container) {
  delete reinterpret_cast<int*>(container);
  return AOTI_RUNTIME_SUCCESS;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerRun(AOTInductorModelContainerHandle, AtenTensorHandle* inputs,
                                                       size_t, AtenTensorHandle* outputs, size_t count,
                                                       AOTInductorStreamHandle, AOTIProxyExecutorHandle) {
  bool good = true;
  for (size_t i = 0; good && i < count; ++i) good = run(inputs[0], &outputs[i]);
  aoti_torch_delete_tensor_object(inputs[0]);  // inputs are handed over
  return good ? AOTI_RUNTIME_SUCCESS : AOTI_RUNTIME_FAILURE;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerGetNumOutputs(AOTInductorModelContainerHandle, size_t* count) {
  *count = TINY_OUTPUTS;
  return AOTI_RUNTIME_SUCCESS;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerGetCallSpec(AOTInductorModelContainerHandle, const char** in,
                                                               const char** out) {
  *in = *out = kInputs;
  return AOTI_RUNTIME_SUCCESS;
}

// It has no constants that could be asked for or replaced.
AOTI_API AOTIRuntimeError AOTInductorModelContainerGetNumConstants(AOTInductorModelContainerHandle, size_t* count) {
  *count = 0;
  return AOTI_RUNTIME_SUCCESS;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerGetConstantName(AOTInductorModelContainerHandle, size_t,
                                                                   const char**) {
  return AOTI_RUNTIME_FAILURE;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerGetConstantOriginalFQN(AOTInductorModelContainerHandle, size_t,
                                                                          const char**) {
  return AOTI_RUNTIME_FAILURE;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerGetConstantDtype(AOTInductorModelContainerHandle, size_t, int32_t*) {
  return AOTI_RUNTIME_FAILURE;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerUpdateConstantBuffer(AOTInductorModelContainerHandle,
                                                                        AOTInductorConstantMapHandle, bool, bool) {
  return AOTI_RUNTIME_FAILURE;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerUpdateInactiveConstantBuffer(AOTInductorModelContainerHandle,
                                                                                AOTInductorConstantMapHandle) {
  return AOTI_RUNTIME_FAILURE;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerRunConstantFolding(AOTInductorModelContainerHandle, bool,
                                                                      AOTInductorStreamHandle,
                                                                      AOTIProxyExecutorHandle) {
  return AOTI_RUNTIME_SUCCESS;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerSwapConstantBuffer(AOTInductorModelContainerHandle) {
  return AOTI_RUNTIME_FAILURE;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerExtractConstantsMap(AOTInductorModelContainerHandle,
                                                                       AOTInductorConstantMapHandle, bool) {
  return AOTI_RUNTIME_FAILURE;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerUpdateUserManagedConstantBuffer(AOTInductorModelContainerHandle,
                                                                                   AOTInductorConstantMapHandle, bool,
                                                                                   bool) {
  return AOTI_RUNTIME_FAILURE;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerFreeInactiveConstantBuffer(AOTInductorModelContainerHandle) {
  return AOTI_RUNTIME_SUCCESS;
}
AOTI_API AOTIRuntimeError AOTInductorModelContainerGetConstantsBlobSize(AOTInductorModelContainerHandle,
                                                                        uint64_t* bytes) {
  *bytes = 0;
  return AOTI_RUNTIME_SUCCESS;
}
AOTI_API AOTIRuntimeError AOTInductorModelUpdateConstantsFromBlob(AOTInductorModelContainerHandle, const uint8_t*) {
  return AOTI_RUNTIME_FAILURE;
}

}  // extern "C"
