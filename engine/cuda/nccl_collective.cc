#include "engine/cuda/nccl_collective.h"

#include <cuda_runtime.h>
#include <nccl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/cuda/cuda_check.h"

namespace penstock {
namespace {

static_assert(sizeof(NcclId) == sizeof(ncclUniqueId));
constexpr size_t kNameBytes = 256;             // cudaDeviceProp::name
constexpr int64_t kLookEveryNs = 20'000;       // an all-reduce of a step takes some hundreds of microseconds
constexpr int64_t kLookEveryLateNs = 500'000;  // once it has waited long
constexpr int64_t kMostPartingNs = 10'000'000'000;

Error nccl_error(const std::string& tried, ncclResult_t result, ncclComm_t comm) {
  const char* last = comm != nullptr ? ncclGetLastError(comm) : nullptr;
  std::string text = tried + " failed: " + ncclGetErrorString(result);
  if (last != nullptr && *last != '\0') text += ": " + std::string(last);
  return Error(Code::kDevice, text).hint("NCCL_DEBUG=WARN in the environment makes NCCL say more");
}

/// Device memory that grows; of one rank.
class Staging {
 public:
  ~Staging() { cudaFree(data_); }
  std::byte* room(size_t bytes) {
    if (bytes <= bytes_) return data_;
    cudaFree(std::exchange(data_, nullptr));
    bytes_ = 0;
    cuda_check(cudaMalloc(reinterpret_cast<void**>(&data_), bytes), "cudaMalloc of " + bytes_text(bytes) + " for NCCL");
    bytes_ = bytes;
    return data_;
  }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

bool on_device(const void* data) {
  cudaPointerAttributes attributes{};
  if (cudaPointerGetAttributes(&attributes, data) != cudaSuccess) cudaGetLastError();
  return attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged;
}

class Nccl final : public NcclCollective {
 public:
  Nccl(int device, const NcclId& id, uint32_t rank, uint32_t size, const NcclOptions& options, Clock& clock)
      : device_(device),
        rank_(rank),
        size_(size),
        timeout_ns_(static_cast<int64_t>(options.timeout_seconds * 1e9)),
        clock_(clock) {
    const CudaScope scope(device_);
    try {
      cuda_check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream for NCCL");
      cuda_check(cudaEventCreateWithFlags(&done_, cudaEventDisableTiming), "making an event for NCCL");
      ncclUniqueId unique{};
      std::memcpy(&unique, id.data(), sizeof unique);
      ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
      config.blocking = 0;  // so that a rank that never comes ends in a timeout
      const std::string tried = "making a group of " + std::to_string(size_) + " GPUs, " + self();
      begin(timeout_ns_);
      accept(ncclCommInitRankConfig(&comm_, static_cast<int>(size_), unique, static_cast<int>(rank_), &config), tried);
      settle(tried);
      gather_names();
      ready_ = true;
    } catch (...) {
      close();
      throw;
    }
  }
  ~Nccl() override { close(); }

  uint32_t rank() const override { return rank_; }
  uint32_t size() const override { return size_; }

  void all_reduce_sum(std::span<float> values) override { sum(values, ncclFloat); }
  void all_reduce_sum(std::span<double> values) override { sum(values, ncclDouble); }
  void broadcast(std::span<std::byte> bytes, uint32_t root) override {
    PENSTOCK_CHECK(root < size_);
    call("broadcast of " + bytes_text(bytes.size()) + " from rank " + std::to_string(root), bytes, [&](std::byte* at) {
      return ncclBroadcast(at, at, bytes.size(), ncclUint8, static_cast<int>(root), comm_, stream_);
    });
  }
  void barrier() override {
    float one = 1;
    call("barrier", std::as_writable_bytes(std::span(&one, 1)),
         [&](std::byte* at) { return ncclAllReduce(at, at, 1, ncclFloat, ncclSum, comm_, stream_); });
  }

  const std::vector<std::string>& gpus() const override { return gpus_; }
  std::string unequal_text() const override { return unequal_gpus(gpus_); }
  void abort(std::string why) override {
    const std::lock_guard lock(mutex_);
    if (!cancelled_) cancelled_ = Error(Code::kCancelled, "the lanes were stopped: " + std::move(why));
    stop_ = true;
  }

 private:
  template <class T>
  void sum(std::span<T> values, ncclDataType_t type) {
    call("all_reduce_sum of " + std::to_string(values.size()) + " values", std::as_writable_bytes(values),
         [&](std::byte* at) { return ncclAllReduce(at, at, values.size(), type, ncclSum, comm_, stream_); });
  }

  std::string self() const { return "rank " + std::to_string(rank_) + " on cuda:" + std::to_string(device_); }

  /// Runs `work` on the values where they lie on the device, or on a copy there.
  template <class Work>
  void call(const std::string& what, std::span<std::byte> bytes, const Work& work) {
    if (failure_) throw *failure_;
    const CudaScope scope(device_);
    const std::string tried = what + ", " + self() + " of " + std::to_string(size_);
    try {
      begin(timeout_ns_);
      stop_if_told();
      const bool staged = !bytes.empty() && !on_device(bytes.data());
      std::byte* at = staged ? staging_.room(bytes.size()) : bytes.data();
      if (staged) copy(at, bytes.data(), bytes.size(), tried);
      accept(work(at), tried);
      settle(tried);
      finish(tried);
      // Behind the wait: a copy to memory that is not pinned blocks the caller, who could not be told to stop.
      if (staged) {
        copy(bytes.data(), at, bytes.size(), tried);
        finish(tried);
      }
    } catch (const Error& e) {
      failure_ = e;
      give_up();
      throw;
    }
  }
  void copy(void* to, const void* from, size_t bytes, const std::string& tried) {
    cuda_check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_), "copying for " + tried);
  }
  void accept(ncclResult_t result, const std::string& tried) {
    if (result != ncclSuccess && result != ncclInProgress) throw nccl_error(tried, result, comm_);
  }

  void begin(int64_t limit_ns) {
    began_ns_ = clock_.now_ns();
    limit_ns_ = limit_ns;
  }
  void stop_if_told() {
    if (!stop_) return;
    const std::lock_guard lock(mutex_);
    throw *cancelled_;
  }
  /// Until NCCL has taken the call in.
  void settle(const std::string& tried) {
    for (;;) {
      ncclResult_t state = ncclInProgress;
      if (comm_ != nullptr) accept(ncclCommGetAsyncError(comm_, &state), tried);
      accept(state, tried);
      if (state == ncclSuccess) return;
      pause(tried);
    }
  }
  /// Until the stream has done it.
  void finish(const std::string& tried) {
    cuda_check(cudaEventRecord(done_, stream_), "recording an event for " + tried);
    for (;;) {
      const cudaError_t state = cudaEventQuery(done_);
      if (state == cudaSuccess) return;
      if (state != cudaErrorNotReady) cuda_check(state, tried);
      cudaGetLastError();
      ncclResult_t result = ncclSuccess;
      accept(ncclCommGetAsyncError(comm_, &result), tried);
      accept(result, tried);
      pause(tried);
    }
  }
  void pause(const std::string& tried) {
    stop_if_told();
    const int64_t now = clock_.now_ns(), waited = now - began_ns_;
    if (waited > limit_ns_)
      throw Error(Code::kDevice, tried + ": not done after " + duration_text(static_cast<double>(waited) * 1e-9))
          .hint("another rank has ended, hangs, or made another call: look at what it said last");
    clock_.sleep_until_ns(now + (waited > 1'000'000'000 ? kLookEveryLateNs : kLookEveryNs));
  }

  void gather_names() {
    cudaDeviceProp properties{};
    cuda_check(cudaGetDeviceProperties(&properties, device_),
               "asking for the properties of cuda:" + std::to_string(device_));
    std::vector<std::byte> all(kNameBytes * size_);
    static_assert(sizeof properties.name == kNameBytes);
    std::memcpy(all.data() + kNameBytes * rank_, properties.name, kNameBytes);
    call("gathering the names of the GPUs", all, [&](std::byte* at) {
      return ncclAllGather(at + kNameBytes * rank_, at, kNameBytes, ncclUint8, comm_, stream_);
    });
    for (uint32_t r = 0; r < size_; ++r) gpus_.emplace_back(reinterpret_cast<const char*>(all.data() + kNameBytes * r));
  }

  /// Leaves the group in order: others may still read what this rank sent.
  void part() noexcept {
    try {
      const std::string tried = "leaving the group, " + self();
      begin(std::min(timeout_ns_, kMostPartingNs));
      accept(ncclCommFinalize(comm_), tried);
      settle(tried);
      ncclCommDestroy(std::exchange(comm_, nullptr));
    } catch (const Error&) {  // nobody is left to be told: give_up() frees what is there
    }
  }
  void give_up() noexcept {
    if (comm_ != nullptr) ncclCommAbort(std::exchange(comm_, nullptr));
  }
  void close() noexcept {
    int before = 0;
    cudaGetDevice(&before);
    cudaSetDevice(device_);
    if (ready_ && !failure_ && !stop_) part();
    give_up();
    if (done_ != nullptr) cudaEventDestroy(done_);
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
    cudaSetDevice(before);
  }

  const int device_;
  const uint32_t rank_, size_;
  const int64_t timeout_ns_;
  Clock& clock_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t done_ = nullptr;
  ncclComm_t comm_ = nullptr;
  Staging staging_;
  std::vector<std::string> gpus_;
  int64_t began_ns_ = 0, limit_ns_ = 0;  ///< of the call in progress
  bool ready_ = false;
  std::optional<Error> failure_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::optional<Error> cancelled_;
};

}  // namespace

NcclId make_nccl_id() {
  ncclUniqueId unique{};
  if (const ncclResult_t result = ncclGetUniqueId(&unique); result != ncclSuccess)
    throw nccl_error("making the id of a group of GPUs", result, nullptr);
  NcclId id;
  std::memcpy(id.data(), &unique, sizeof unique);
  return id;
}

std::string unequal_gpus(const std::vector<std::string>& gpus) {
  std::string text;
  std::vector<std::string> named;
  for (size_t r = 0; r < gpus.size(); ++r) {
    if (std::find(named.begin(), named.end(), gpus[r]) != named.end()) continue;
    named.push_back(gpus[r]);
    text += (text.empty() ? "rank " : ", rank ") + std::to_string(r) + " is a " + gpus[r];
  }
  return named.size() > 1 ? "the lanes run on unequal GPUs, and the slowest sets the pace: " + text : "";
}

std::unique_ptr<NcclCollective> make_nccl_collective(int device_index, const NcclId& id, uint32_t rank, uint32_t size,
                                                     const NcclOptions& options, Clock& clock) {
  PENSTOCK_CHECK(rank < size);
  return std::make_unique<Nccl>(device_index, id, rank, size, options, clock);
}

}  // namespace penstock
