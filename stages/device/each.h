// One arithmetic for CPU and GPU: a job is a small struct with `constexpr void operator()(int64_t i) const`, run for all i.
//
// nvcc calls constexpr functions from kernels, so a job needs no annotation and no CUDA header, and the loop over it is the kernel's CPU
// twin. Which of the two runs is the stream's affair; which kernels there are is chosen when a program is linked: each job is
// instantiated once in a file for programs without CUDA (with no_gpu.h) and once in a .cu (with cuda/each.cuh).
#pragma once

#include <cstdint>
#include <utility>

#include "engine/device/sim_device.h"

namespace penstock::device {

/// Queues the kernel of a job into a native stream. Defined by no_gpu.h or cuda/each.cuh, whichever is linked.
template <class Job>
void launch_on_gpu(void* native_stream, int64_t count, const Job& job);

/// Queues job(0) ... job(count - 1), in any order and at once, on the stream's device. What the job points to must live until it is done.
/// On the CPU and the simulated GPU a loop does it, which takes the time that it takes: a launch of stated time is a step of a training.
template <class Job>
void each(Stream& stream, int64_t count, const Job& job) {
  if (count == 0) return;
  auto work = [native = stream.native_handle(), count, job] {
    if (native != nullptr) return launch_on_gpu(native, count, job);
    for (int64_t i = 0; i < count; ++i) job(i);
  };
  if (auto* timed = dynamic_cast<TimedStream*>(&stream)) return timed->launch_for(0, std::move(work));
  stream.launch(std::move(work));
}

}  // namespace penstock::device
