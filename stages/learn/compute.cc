#include "stages/learn/compute.h"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>
#include <utility>

#include "stages/learn/pixels.h"

namespace penstock::learn {
namespace {

class RunAgain final : public Recorder {
 public:
  void record(std::function<void()> work) override { work_ = std::move(work); }
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

class CpuCompute final : public Compute {
 public:
  CpuCompute(const std::vector<double>& mean, const std::vector<double>& std) : normalise_(mean, std) {}

  at::Device device() const override { return at::kCPU; }
  std::shared_ptr<void> enter() const override { return nullptr; }
  // Torch has one generator for all threads: CPU lanes of one process share what is drawn on it.
  void seed(uint64_t seed) const override {
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard lock(generator.mutex());
    generator.set_current_seed(seed);
  }
  at::Tensor normalise(const Images& images, bool bf16, bool channels_last) const override {
    return normalise_(images, bf16, channels_last);
  }
  std::function<void()> mark() const override { return {}; }
  Aside copy_aside(const at::Tensor& here) const override { return {.there = here}; }
  std::unique_ptr<Recorder> make_recorder() const override { return std::make_unique<RunAgain>(); }

 private:
  PixelNormaliser normalise_;
};

}  // namespace

std::unique_ptr<Compute> make_cpu_compute(const std::vector<double>& mean, const std::vector<double>& std) {
  return std::make_unique<CpuCompute>(mean, std);
}

}  // namespace penstock::learn
