#include "stages/learn/cuda/graph_recorder.h"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <optional>
#include <utility>

namespace penstock::learn {
namespace {

class GraphRecorder final : public Recorder {
 public:
  void record(std::function<void()> work) override {
    graph_.reset();
    // The pool cannot take what torch holds for steps that are not recorded: give it back, or both lie there.
    c10::cuda::getCurrentCUDAStream().synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();
    graph_.emplace();
    try {
      // Of this thread alone: threads that bring up the next batch may make and ask events meanwhile.
      graph_->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
      try {
        work();
      } catch (...) {
        end_broken();
        throw;
      }
      end();
    } catch (...) {
      graph_.reset();
      static_cast<void>(cudaGetLastError());  // that of the recording, which nobody is to find later
      throw;
    }
  }

  void replay() override { graph_->replay(); }

 private:
  void end() {
    try {
      graph_->capture_end();
    } catch (...) {
      leave_pool();
      throw;
    }
  }
  void end_broken() noexcept {
    try {
      end();
    } catch (...) {}
  }
  /// Where a capture is broken, capture_end() throws before it has told torch's allocator that it is over.
  void leave_pool() noexcept {
    try {
      c10::cuda::CUDACachingAllocator::endAllocateToPool(c10::cuda::current_device(), graph_->pool());
      c10::cuda::CUDACachingAllocator::releasePool(c10::cuda::current_device(), graph_->pool());
    } catch (...) {}
  }

  std::optional<at::cuda::CUDAGraph> graph_;
};

}  // namespace

std::unique_ptr<Recorder> make_graph_recorder() { return std::make_unique<GraphRecorder>(); }

}  // namespace penstock::learn
