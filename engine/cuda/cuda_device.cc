#include "engine/cuda/cuda_device.h"

#include <cuda_runtime.h>

#include <utility>

#include "engine/base/bytes.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/cuda_machine.h"
#include "engine/cuda/cuda_stream.h"

namespace penstock {
namespace {

struct Memory {
  size_t free = 0, total = 0;
};

Memory memory_of(int index) {
  const CudaScope scope(index);
  Memory memory;
  cuda_check(cudaMemGetInfo(&memory.free, &memory.total), "asking for the memory of cuda:" + std::to_string(index));
  return memory;
}

class CudaDevice final : public Device {
 public:
  CudaDevice(int index, uint64_t memory_bytes)
      : index_(index),
        name_("cuda:" + std::to_string(index)),
        memory_bytes_(memory_bytes),
        budgets_(Need::of(Tier::kGpu, memory_bytes)) {}

  std::string_view name() const override { return name_; }
  Tier tier() const override { return Tier::kGpu; }
  uint64_t memory_limit() const override { return memory_bytes_; }
  Budgets& budgets() override { return budgets_; }

  using Device::allocate;
  DeviceBuffer allocate(uint64_t bytes, Credit credit) override {
    if (bytes == 0) return {std::move(credit), Buffer()};
    const CudaScope scope(index_);
    void* data = nullptr;
    if (const cudaError_t status = cudaMalloc(&data, bytes); status != cudaSuccess) throw refused(bytes, status);
    return {std::move(credit),
            Buffer(static_cast<std::byte*>(data), bytes, [](std::byte* at, uint64_t) { cudaFree(at); })};
  }

  Buffer make_host_buffer(uint64_t bytes) override {
    if (bytes == 0) return {};
    const CudaScope scope(index_);
    void* data = nullptr;
    if (const cudaError_t status = cudaHostAlloc(&data, bytes, cudaHostAllocPortable); status != cudaSuccess) {
      cudaGetLastError();
      throw Error(Code::kMemory,
                  cuda_error("cudaHostAlloc of " + bytes_text(bytes) + " for " + name_, status).message())
          .hint("pinned memory is taken from the machine's RAM for good: use a smaller batch or fewer batches ahead");
    }
    return {static_cast<std::byte*>(data), bytes, [](std::byte* at, uint64_t) { cudaFreeHost(at); }};
  }

  std::unique_ptr<Stream> make_stream() override { return make_cuda_stream(index_, name_); }

 private:
  // The budget allowed it, the GPU did not: somebody else holds memory too.
  Error refused(uint64_t bytes, cudaError_t status) {
    cudaGetLastError();
    std::string text = cuda_error("cudaMalloc of " + bytes_text(bytes) + " on " + name_, status).message();
    size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) == cudaSuccess)
      text += "; " + bytes_text(free) + " of its " + bytes_text(total) + " are free";
    cudaGetLastError();
    return Error(Code::kMemory, text + "; of the budget " + memory_text())
        .hint(
            "use a smaller batch, make the largest smaller (budget.gpu_cache is the image cache's), or end what else "
            "runs on this GPU (nvidia-smi names it)");
  }

  const int index_;
  const std::string name_;
  const uint64_t memory_bytes_;
  Budgets budgets_;
};

}  // namespace

std::unique_ptr<Device> make_cuda_device(uint32_t index, uint64_t memory_bytes) {
  const CudaMachine machine = look_for_cuda();
  const std::string name = "cuda:" + std::to_string(index);
  if (machine.devices == 0) throw Error(Code::kDevice, "cannot open '" + name + "': " + machine.why_none);
  if (index >= static_cast<uint32_t>(machine.devices)) {
    const std::string last = std::to_string(machine.devices - 1);
    throw Error(Code::kDevice, "cannot open '" + name + "': this machine has " + std::to_string(machine.devices) +
                                   (machine.devices == 1 ? " GPU, cuda:0" : " GPUs, cuda:0 to cuda:" + last));
  }
  const Memory memory = memory_of(static_cast<int>(index));
  if (memory_bytes > memory.total)
    throw Error(Code::kMemory, "cannot open '" + name + "' with a budget of " + bytes_text(memory_bytes) +
                                   ": the GPU has " + bytes_text(memory.total))
        .hint("give it less with memory=, or leave it out");
  // A tenth is left to cuBLAS, cuDNN and kernels that spill.
  if (memory_bytes == 0) memory_bytes = memory.free / 10 * 9;
  return std::make_unique<CudaDevice>(static_cast<int>(index), memory_bytes);
}

}  // namespace penstock
