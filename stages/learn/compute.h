// Where a learner computes: the CPU, or a GPU whose stream torch's work is queued on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/device/device.h"
#include "stages/learn/images.h"
#include "stages/learn/recorder.h"

namespace penstock::learn {

/// A copy on the device that is under way.
struct Aside {
  at::Tensor there;
  /// What is asked of the calling thread's stream afterwards comes after the copy; none: it is there.
  std::function<void()> wait = {};
};

/// One learner's. Which GPUs there are is chosen when the program is linked (make_gpu_compute). Used by the learner's thread; mark() by
/// torch's backward threads too, copy_aside() by any.
class Compute {
 public:
  virtual ~Compute() = default;
  virtual at::Device device() const = 0;
  /// While what it gives lives, what this thread asks of torch goes to this device and its stream.
  virtual std::shared_ptr<void> enter() const = 0;
  /// Seeds the draws of this device alone: lanes seed at the same time.
  virtual void seed(uint64_t seed) const = 0;
  /// u8 (N, H, W, C) in the device's memory -> (N, C, H, W), f32 or bf16, normalised; see PixelNormaliser.
  virtual at::Tensor normalise(const Images& images, bool bf16, bool channels_last) const = 0;
  /// A call that returns when everything is done that was queued on the calling thread's stream until now.
  virtual std::function<void()> mark() const = 0;
  /// Begins to copy what lies in pinned memory to the device, on a stream beside the learner's. On the CPU: itself.
  virtual Aside copy_aside(const at::Tensor& here) const = 0;
  /// On the CPU work is recorded by keeping it, and replayed by doing it: the twin of a CUDA graph, for tests.
  virtual std::unique_ptr<Recorder> make_recorder() const = 0;
};

/// `mean` and `std`: one for each channel, of pixels in 0..1.
std::unique_ptr<Compute> make_cpu_compute(const std::vector<double>& mean, const std::vector<double>& std);
/// On a device that has a native stream. Both must outlive it. Error kDevice in a program without CUDA.
std::unique_ptr<Compute> make_gpu_compute(Device& device, Stream& stream, const std::vector<double>& mean,
                                          const std::vector<double>& std);

}  // namespace penstock::learn
