// The one owner of the compute threads.
#pragma once

#include <functional>
#include <memory>

namespace penstock {

/// Cores that compute threads of all runs together may use. Share one object among the runs of a process.
/// Thread-safe.
class Cores {
 public:
  /// `count` 0: available(). `yield_to_step`: compute threads run at nice 19, so that decoding gives way to a training
  /// step on the same cores.
  explicit Cores(unsigned count = 0, bool yield_to_step = false);
  ~Cores();
  Cores(const Cores&) = delete;
  Cores& operator=(const Cores&) = delete;

  unsigned count() const { return count_; }
  /// The least of affinity, cgroup CPU quota (rounded up) and SLURM_CPUS_PER_TASK.
  static unsigned available();

  /// For engine/run and engine/base/parallel_for only.
  class Arena;
  Arena& arena() const { return *arena_; }

 private:
  unsigned count_;
  std::unique_ptr<Arena> arena_;
};

/// Calls body(begin, end) over parts of [0, n) on the cores, at least `grain` at a time; returns when all are done.
/// The first exception is rethrown. Blocks the caller, which helps.
void parallel_for(Cores& cores, size_t n, size_t grain, const std::function<void(size_t, size_t)>& body);

}  // namespace penstock
