// Takes the place of stages/learn/no_gpu.cc in a program with CUDA.
#include <ATen/Context.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "engine/base/error.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/nccl_collective.h"
#include "engine/device/devices.h"
#include "stages/device/normalise.h"
#include "stages/learn/compute.h"
#include "stages/learn/cuda/graph_recorder.h"
#include "stages/learn/device_collective.h"

namespace penstock::learn {
namespace {

int index_of(Device& device) { return static_cast<int>(parse_device_spec(device.name()).index); }

class GpuCompute final : public Compute {
 public:
  GpuCompute(Device& device, Stream& stream, const std::vector<double>& mean, const std::vector<double>& std)
      : device_(at::kCUDA, static_cast<c10::DeviceIndex>(index_of(device))), stream_(stream) {
    if (mean.empty() || mean.size() != std.size() || mean.size() > static_cast<size_t>(device::kMostChannels))
      throw Error(Code::kUsage, "input.mean and input.std need one number for each of one to four channels");
    std::copy(mean.begin(), mean.end(), mean_.begin());
    std::copy(std.begin(), std.end(), std_.begin());
    channels_ = static_cast<int>(mean.size());
    // Convolutions that sum in one order alone. Max-pool's backward pass still adds as its threads come: bits are not promised.
    at::globalContext().setDeterministicCuDNN(true);
  }

  at::Device device() const override { return device_; }
  std::shared_ptr<void> enter() const override { return std::make_shared<c10::cuda::CUDAStreamGuard>(torch_stream()); }

  void seed(uint64_t seed) const override {
    at::Generator generator = at::cuda::detail::getDefaultCUDAGenerator(device_.index());
    const std::lock_guard lock(generator.mutex());
    generator.set_current_seed(seed);
  }

  at::Tensor normalise(const Images& images, bool bf16, bool channels_last) const override {
    if (images.channels != channels_)
      throw Error(Code::kUsage, "the batch has " + std::to_string(images.channels) + " channels, input.mean has " +
                                    std::to_string(channels_));
    at::Tensor out = at::empty({images.count, images.channels, images.height, images.width},
                               at::TensorOptions().dtype(bf16 ? at::kBFloat16 : at::kFloat).device(device_),
                               channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
    device::normalise(stream_, {.images = images.data,
                                .out = out.mutable_data_ptr(),
                                .count = images.count,
                                .height = images.height,
                                .width = images.width,
                                .channels = channels_,
                                .type = bf16 ? DType::kBF16 : DType::kF32,
                                .channels_last = channels_last,
                                .mean = mean_,
                                .std = std_});
    return out;
  }

  std::function<void()> mark() const override {
    const CudaScope scope(device_.index());
    struct Mark {
      cudaEvent_t event = nullptr;
      ~Mark() { cudaEventDestroy(event); }
    };
    auto mark = std::make_shared<Mark>();
    // Blocking: a thread that waits sleeps, and leaves its core to decoders.
    cuda_check(cudaEventCreateWithFlags(&mark->event, cudaEventDisableTiming | cudaEventBlockingSync),
               "making an event");
    cuda_check(cudaEventRecord(mark->event, c10::cuda::getCurrentCUDAStream(device_.index()).stream()),
               "recording an event");
    return [mark, index = device_.index()] {
      const CudaScope scope(index);
      cuda_check(cudaEventSynchronize(mark->event), "waiting for gradients on cuda:" + std::to_string(index));
    };
  }

  Aside copy_aside(const at::Tensor& here) const override {
    const c10::cuda::CUDAStreamGuard beside(copies_);
    const at::Tensor there = here.to(device_, /*non_blocking=*/true);
    std::function<void()> done = mark_for_streams();
    return {.there = there, .wait = [there, done = std::move(done), index = device_.index()] {
              done();
              // Its memory belongs to the other stream, which must not give it away while this one reads.
              there.record_stream(c10::cuda::getCurrentCUDAStream(index).unwrap());
            }};
  }

  std::unique_ptr<Recorder> make_recorder() const override { return make_graph_recorder(); }

 private:
  /// Of the calling thread's stream as it is now: a call that makes the stream of its caller wait until then.
  std::function<void()> mark_for_streams() const {
    auto mark = std::make_shared<at::cuda::CUDAEvent>();
    mark->record(c10::cuda::getCurrentCUDAStream(device_.index()));
    return [mark, index = device_.index()] { mark->block(c10::cuda::getCurrentCUDAStream(index)); };
  }
  c10::cuda::CUDAStream torch_stream() const {
    return c10::cuda::getStreamFromExternal(static_cast<cudaStream_t>(stream_.native_handle()), device_.index());
  }

  at::Device device_;
  Stream& stream_;
  c10::cuda::CUDAStream copies_ = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device_.index());
  int channels_ = 3;
  std::array<float, device::kMostChannels> mean_{}, std_{1, 1, 1, 1};
};

}  // namespace

std::unique_ptr<Compute> make_gpu_compute(Device& device, Stream& stream, const std::vector<double>& mean,
                                          const std::vector<double>& std) {
  return std::make_unique<GpuCompute>(device, stream, mean, std);
}

GpuCollective make_gpu_collective(Device& device, Collective& bootstrap, double timeout_seconds) {
  NcclId id{};
  if (bootstrap.rank() == 0) id = make_nccl_id();
  bootstrap.broadcast(id, 0);
  auto group = make_nccl_collective(index_of(device), id, bootstrap.rank(), bootstrap.size(),
                                    {.timeout_seconds = timeout_seconds}, Clock::system());
  std::string unequal = group->unequal_text();
  auto abort = [group = group.get()](const std::string& why) { group->abort(why); };
  return {std::move(group), std::move(abort), std::move(unequal)};
}

}  // namespace penstock::learn
