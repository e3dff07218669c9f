// One execution of a graph: records flow from a source into batches, in order, within a budget.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/data/batch.h"
#include "engine/data/source.h"
#include "engine/graph/graph.h"
#include "engine/memory/budget.h"
#include "engine/memory/buffer.h"
#include "engine/order/epoch_plan.h"
#include "engine/run/cores.h"
#include "engine/run/report.h"
#include "engine/telemetry/trace.h"

namespace penstock {

/// What a record that cannot be read or decoded does.
enum class OnFault {
  kReplace,  ///< another record of the same block group takes its slot; the draw is keyed, so it is reproducible
  kSkip,     ///< the batch is shorter
  kFail,     ///< the run ends with Error kData
};

struct FaultPolicy {
  OnFault on_fault = OnFault::kFail;
  /// Records that may be refused in an epoch (counted in batch order, replacements that fail too) before the run ends.
  uint64_t budget = 0;
  /// Refused before `RunOptions::step` in the epoch a run is resumed in.
  uint64_t already = 0;
};

struct RunOptions {
  uint64_t seed = 0;
  Order order = Order::kFull;
  Last last = Last::kDrop;
  uint64_t batch = 64;         ///< records over all ranks
  uint64_t block = 4096;       ///< Order::kBlock: records of a block ...
  uint64_t group_blocks = 16;  ///< ... and blocks of the window inside which records are permuted
  /// Order::kSequential and kBlock go by the order in which records are stored (Source::ids_at), not by id: a set that was shuffled
  /// on disk comes shuffled. False: by id, for results that are a row a record.
  bool by_storage = true;
  uint32_t rank = 0;
  uint32_t ranks = 1;

  uint64_t epoch = 0;  ///< where to begin
  uint64_t step = 0;
  uint64_t epochs = 1;          ///< epochs to go through, the first one counted though begun in its middle
  uint64_t steps = UINT64_MAX;  ///< or fewer: stop after so many batches

  std::shared_ptr<Cores> cores = {};      ///< null: all cores the process may use
  std::shared_ptr<Budgets> budgets = {};  ///< null: unlimited; shared by runs that run at once
  Tier tier = Tier::kRam;                 ///< of the batches: kPinned where a GPU is fed
  /// The memory of a batch; null: plain. Called by one thread; what it makes may outlive the run.
  BufferPool::Make make_batch = {};
  unsigned io_threads = 4;
  /// Batches admitted and not yet given back, at most; 0: as many as keep all threads busy.
  uint64_t batches_in_flight = 0;
  size_t consumers = 1;  ///< each gets every batch
  bool again = false;    ///< other runs over the same source follow: Journey::again
  /// Admission begins with the first next(): several runs can make their reserves before any of them reads ahead.
  bool hold = false;
  FaultPolicy faults = {};
  Clock* clock = nullptr;  ///< null: Clock::system(). Must outlive the run.
  Trace* trace = nullptr;  ///< null: none. Must outlive the run.
};

/// A running graph. next() is for one thread per consumer; stop() and report() may be called from any thread.
/// Destroying it stops it and waits for calls in flight. Batches may outlive it; the source must not die before it.
class Run {
 public:
  /// Checks plan and budget (Error kUsage, kMemory: says what the least is), then starts reading ahead.
  static Run start(Graph graph, const Source& source, RunOptions options);

  Run(Run&&) noexcept;
  Run& operator=(Run&&) noexcept;
  ~Run();

  /// The next batch in order; an empty one at the end. Throws what ended the run: Error with stage, record and file.
  /// Waits; a consumer that keeps so many batches that none can follow gets Error kMemory instead of a hang.
  Batch next(size_t consumer = 0);

  /// No new work from now on; next() throws Error kCancelled. Does not wait.
  void stop() noexcept;
  /// Waits until nothing of the run is in flight. All consumers must be done, or the run stopped.
  void wait();

  Report report() const;
  const EpochPlan& plan() const;
  /// How many batches there can be at once, those that a consumer keeps counted; at least 1.
  uint64_t most_batches() const;
  const Graph& graph() const;

  class Iterator;
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

 private:
  class Impl;
  explicit Run(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// `for (const Batch& batch : run)`: gives each batch back before it takes the next.
class Run::Iterator {
 public:
  explicit Iterator(Run* run) : run_(run), batch_(run->next()) {}
  const Batch& operator*() const { return batch_; }
  Iterator& operator++() {
    batch_ = Batch();
    batch_ = run_->next();
    return *this;
  }
  bool operator==(std::default_sentinel_t) const { return !batch_; }

 private:
  Run* run_;
  Batch batch_;
};

inline Run::Iterator Run::begin() { return Iterator(this); }

}  // namespace penstock
