// The flow graph: slices in, batches out in order. The only user of TBB's flow graph.
#pragma once

#include <functional>
#include <memory>

#include "engine/run/cores.h"
#include "engine/run/slice.h"

namespace penstock {

/// slices (any order, all cores) -> sequencer -> batches (one at a time, in order of BatchBlock::sequence).
/// The bodies must not throw. submit() may be called from any thread and does not wait.
class Executor {
 public:
  /// Works on a slice; returns the batch where this was its last slice, else null.
  using SliceBody = std::function<std::shared_ptr<BatchBlock>(Slice&)>;
  using BatchBody = std::function<void(std::shared_ptr<BatchBlock>)>;

  Executor(Cores& cores, SliceBody slices, BatchBody batches);
  /// Waits for what was submitted; batches that still wait for a missing predecessor die here.
  ~Executor();

  void submit(std::shared_ptr<Slice> slice);
  void wait();

 private:
  class Graph;
  Cores& cores_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace penstock
