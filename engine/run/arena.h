// The TBB side of Cores: engine/run only.
#pragma once

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>

#include "engine/run/cores.h"

namespace penstock {

/// An arena whose every slot is a worker: a thread that waits for batches never computes by accident.
class Cores::Arena {
 public:
  Arena(unsigned count, bool yield_to_step)
      // + 1: TBB counts the main thread, which does not join.
      : limit_(tbb::global_control::max_allowed_parallelism, count + 1),
        arena_(static_cast<int>(count), /*reserved_for_masters=*/0),
        nice_(arena_, yield_to_step) {}

  tbb::task_arena& tasks() { return arena_; }

 private:
  class Nice final : public tbb::task_scheduler_observer {
   public:
    Nice(tbb::task_arena& arena, bool on) : tbb::task_scheduler_observer(arena) {
      if (on) observe(true);
    }
    ~Nice() override { observe(false); }
    void on_scheduler_entry(bool is_worker) override {
      // A priority is only asked for: a kernel that refuses leaves the thread as it was.
      if (is_worker) setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 19);
    }
  };

  tbb::global_control limit_;
  tbb::task_arena arena_;
  Nice nice_;
};

}  // namespace penstock
