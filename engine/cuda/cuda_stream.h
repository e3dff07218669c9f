// A CUDA stream as a Stream, and its events.
#pragma once

#include <cuda_runtime.h>

#include <memory>
#include <string>

#include "engine/device/device.h"

namespace penstock {

/// A non-blocking stream of device `index`, which errors call `name`.
///
/// launch() calls `work` at once, with the device current; it queues kernels into native_handle(). What it throws, and what a launch
/// of it was refused for, stays in the stream as Error kDevice. A kernel that fails later (an address that is none) is told by
/// synchronize() and the events after it, and CUDA then refuses all later work of the process on that device.
///
/// wait() for an event of another kind of device blocks the caller until it is done. Copies from and to memory that is not pinned may
/// block as well. Waiting threads sleep: they do not spin on a core that decodes.
std::unique_ptr<Stream> make_cuda_stream(int index, std::string name);

/// Of a stream that a CUDA device made.
inline cudaStream_t cuda_stream_of(Stream& stream) { return static_cast<cudaStream_t>(stream.native_handle()); }

}  // namespace penstock
