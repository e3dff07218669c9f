// The place of a kernel in a program without CUDA. Include it where jobs are instantiated for such a program, and nowhere else.
#pragma once

#include "stages/device/each.h"

namespace penstock::device {

/// Ends the program: a stream with a native handle comes from a program with CUDA, which links the kernels.
[[noreturn]] void no_gpu_kernels();

template <class Job>
void launch_on_gpu(void*, int64_t, const Job&) {
  no_gpu_kernels();
}

}  // namespace penstock::device
