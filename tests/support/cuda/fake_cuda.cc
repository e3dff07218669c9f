#include "tests/support/cuda/fake_cuda.h"

#include <cstdlib>
#include <cstring>
#include <memory>

// The handles of the real headers are pointers to these.
struct CUstream_st {
  int device;
};
struct CUevent_st {
  int device;
  int64_t at_ms = -1;
};

namespace penstock::test {
namespace {

thread_local int current = 0;
thread_local cudaError_t last = cudaSuccess;

cudaError_t said(cudaError_t status) {
  if (status != cudaSuccess) last = status;
  return status;
}

// The lock, and whether `name` is told to fail.
struct Call {
  explicit Call(const char* name) : lock(fake_cuda().mutex) {
    const auto& fails = fake_cuda().fails;
    if (const auto at = fails.find(name); at != fails.end()) status = at->second;
  }
  std::lock_guard<std::mutex> lock;
  cudaError_t status = cudaSuccess;
};

bool in_device_memory(const void* at) {
  for (const auto& [begin, of] : fake_cuda().device_memory) {
    const auto offset = static_cast<const char*>(at) - static_cast<const char*>(begin);
    if (offset >= 0 && static_cast<uint64_t>(offset) < of.second) return true;
  }
  return false;
}

std::unique_ptr<FakeCuda>& the_one() {
  static auto fake = std::make_unique<FakeCuda>();
  return fake;
}

}  // namespace

FakeCuda& fake_cuda() { return *the_one(); }
void reset_fake_cuda() {
  the_one() = std::make_unique<FakeCuda>();
  current = 0;
  last = cudaSuccess;
}
void leave_cuda_error(cudaError_t status) { last = status; }

}  // namespace penstock::test

using namespace penstock::test;

extern "C" {

cudaError_t cudaGetLastError() { return std::exchange(last, cudaSuccess); }
cudaError_t cudaDriverGetVersion(int* version) {
  *version = fake_cuda().driver;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = fake_cuda().runtime;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = static_cast<int>(fake_cuda().names.size());
  return said(fake_cuda().count_status);
}
cudaError_t cudaGetDevice(int* device) {
  *device = current;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= static_cast<int>(fake_cuda().names.size())) return said(cudaErrorInvalidDevice);
  current = device;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  std::memset(properties, 0, sizeof *properties);
  std::strncpy(properties->name, fake_cuda().names.at(static_cast<size_t>(device)).c_str(),
               sizeof properties->name - 1);
  properties->totalGlobalMem = fake_cuda().memory_bytes;
  properties->major = 9;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetP2PAttribute(int* value, cudaDeviceP2PAttr attribute, int, int) {
  *value = attribute == cudaDevP2PAttrAccessSupported || fake_cuda().nvlink ? 1 : 0;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** at, size_t bytes) {
  const Call call("cudaMalloc");
  if (call.status != cudaSuccess) return said(call.status);
  FakeCuda& fake = fake_cuda();
  if (bytes > fake.memory_bytes - fake.used(current)) return said(cudaErrorMemoryAllocation);
  *at = std::malloc(bytes);
  fake.device_memory[*at] = {current, bytes};
  return cudaSuccess;
}
cudaError_t cudaFree(void* at) {
  const Call call("cudaFree");
  if (at == nullptr) return cudaSuccess;
  if (fake_cuda().device_memory.erase(at) == 0) return said(cudaErrorInvalidValue);
  std::free(at);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** at, size_t bytes, unsigned) {
  const Call call("cudaHostAlloc");
  if (call.status != cudaSuccess) return said(call.status);
  *at = std::malloc(bytes);
  ++fake_cuda().pinned;
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* at) {
  const Call call("cudaFreeHost");
  std::free(at);
  --fake_cuda().pinned;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const Call call("cudaMemGetInfo");
  *total = fake_cuda().memory_bytes;
  *free = *total - fake_cuda().used(current);
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* at) {
  const Call call("cudaPointerGetAttributes");
  *attributes = {};
  attributes->type = in_device_memory(at) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const Call call("cudaStreamCreateWithFlags");
  if (call.status != cudaSuccess) return said(call.status);
  *stream = new CUstream_st{current};
  ++fake_cuda().streams;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Call call("cudaStreamDestroy");
  delete stream;
  --fake_cuda().streams;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) { return said(Call("cudaStreamSynchronize").status); }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) {
  return said(Call("cudaStreamWaitEvent").status);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t) {
  const Call call("cudaMemcpyAsync");
  if (call.status != cudaSuccess) return said(call.status);
  if (to == nullptr || from == nullptr) return said(cudaErrorInvalidValue);
  // To the host it returns when it is done (but for pinned memory, which nobody here copies to while work is held): it would stand here for ever.
  if (fake_cuda().held && in_device_memory(from) && !in_device_memory(to)) return said(cudaErrorLaunchTimeout);
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  const Call call("cudaEventCreateWithFlags");
  if (call.status != cudaSuccess) return said(call.status);
  *event = new CUevent_st{current};
  ++fake_cuda().events;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Call call("cudaEventDestroy");
  delete event;
  --fake_cuda().events;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Call call("cudaEventRecord");
  if (call.status != cudaSuccess) return said(call.status);
  if (event->device != stream->device) return said(cudaErrorInvalidResourceHandle);
  event->at_ms = ++fake_cuda().now_ms;
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t) {
  const Call call("cudaEventQuery");
  if (call.status != cudaSuccess) return said(call.status);
  return fake_cuda().held ? said(cudaErrorNotReady) : cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Call call("cudaEventSynchronize");
  if (event->device != current) return said(cudaErrorInvalidResourceHandle);
  return said(call.status);
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t begin, cudaEvent_t end) {
  const Call call("cudaEventElapsedTime");
  if (fake_cuda().held) return said(cudaErrorNotReady);
  *ms = static_cast<float>(end->at_ms - begin->at_ms);
  return cudaSuccess;
}

}  // extern "C"
