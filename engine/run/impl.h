// What a Run is made of. Engine-internal.
//
//   admission thread --(batch credit, slice credit, in order)--> IoPool reads --> Executor: slices -> order --> Output
//
// Admission is strictly in sequence and never waits for what a younger batch holds: a batch's credit comes back when
// its last reader drops it, a slice's when its stages have run, which needs nothing but a compute thread. A replacement
// needs one record's bytes, for which the run keeps a floor of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include <tbb/enumerable_thread_specific.h>

#include "engine/run/executor.h"
#include "engine/run/io_pool.h"
#include "engine/run/meter.h"
#include "engine/run/output.h"
#include "engine/run/run.h"
#include "engine/run/slice.h"
#include "engine/run/worker.h"

namespace penstock {

class Run::Impl {
 public:
  Impl(Graph graph, const Source& source, RunOptions options);
  ~Impl();

  Batch next(size_t consumer);
  void stop() noexcept;
  void wait();
  Report report() const;
  const EpochPlan& plan() const { return plan_; }
  uint64_t most_batches() const { return batches_in_flight_; }
  const Graph& graph() const { return *graph_; }

 private:
  /// Batches between admission and their last reader; outlives the run while batches do.
  struct Room {
    std::mutex mutex;
    std::condition_variable_any changed;
    uint64_t in_flight = 0;  ///< admitted, not yet given back
    uint64_t making = 0;     ///< admitted, not yet handed to the output
    uint64_t held = 0;       ///< handed to the output, not yet dropped by all consumers
    uint64_t given_back = 0;
    bool waits_for_place = false;
  };

  // impl.cc
  void begin();
  void check_budget();
  Error too_small(const Error& error) const;
  Journey journey() const;
  void start_reader();
  void bound_batches_in_flight();
  void to_ids(std::span<uint64_t> places) const;
  void set_stopping() noexcept;
  bool stuck() const;
  void fail(std::exception_ptr error);
  // admission.cc
  void admit(std::stop_token stop);
  std::shared_ptr<BatchBlock> admit_batch(uint64_t sequence, std::stop_token stop);
  void cut_slices(const std::shared_ptr<BatchBlock>& block, std::stop_token stop);
  void bring_before(const StepSlice& share, BatchBlock& block) const;
  void send(std::shared_ptr<Slice> slice, uint64_t bytes, std::stop_token stop);
  std::shared_ptr<Buffer> slice_buffer(uint64_t bytes, std::stop_token stop);
  // work.cc
  bool is_here(Slice& slice);
  void bring(Slice& slice);
  void read(Slice& slice);
  void unpack(Slice& slice);
  void stop_reading() noexcept;
  std::shared_ptr<BatchBlock> work(Slice& slice);
  void settle_refusals(Slice& slice);
  void replace(const Slice& slice, size_t i, Rejection rejection);
  void step_back(const Slice& slice);
  void work_again(const Slice& slice, size_t i);
  void deliver(const std::shared_ptr<BatchBlock>& block);
  std::shared_ptr<BatchBlock> handle_of(const std::shared_ptr<BatchBlock>& block);
  void check_faults(const BatchBlock& block);
  Error refused_error(const Rejection& rejection) const;

  std::shared_ptr<const Graph> graph_;
  const Source& source_;
  RunOptions options_;
  Clock& clock_;
  EpochPlan plan_;
  bool brings_before_;  ///< batches come with the record before their first, which another rank's share ends with
  std::shared_ptr<const BatchLayout> layout_;
  SlicePlan slice_plan_;
  size_t slice_records_ = 1;  ///< of a slice, at most
  uint64_t slice_bytes_ = 0;  ///< of a slice's buffer, but for single records that are larger
  Need least_;                ///< that the run itself takes, and of what that consists
  std::string least_parts_;
  uint64_t cut_bytes_ = 0;  ///< of a record from behind the graph's cut, at most
  uint64_t total_batches_ = 0;
  uint64_t batches_in_flight_ = 0;

  std::unique_ptr<Reader> reader_;  ///< null: the source is asked slice by slice
  bool unpacks_ = false;            ///< the reader brings on I/O threads and reads on compute threads
  std::optional<Reserve> fixed_;    ///< source, workers
  std::optional<Reserve> batch_reserve_;
  std::optional<Reserve> slice_reserve_;
  std::optional<Reserve> replacement_reserve_;
  std::optional<BufferPool> batch_pool_;
  std::optional<BufferPool> slice_pool_;
  std::optional<BufferPool> replacement_pool_;  ///< keeps none: an idle block would keep the replacements' floor

  Meter meter_;
  Output output_;
  std::shared_ptr<Room> room_ = std::make_shared<Room>();
  std::atomic<bool> stopping_{false};
  std::stop_source stop_source_;

  mutable std::mutex totals_mutex_;
  Report totals_;                  ///< counters; times by stage in totals_.stages[stage].busy_seconds
  int64_t unpack_ns_ = 0;          ///< of all compute threads in Reader::read()
  uint64_t refused_in_epoch_ = 0;  ///< in-order section only
  uint64_t fault_epoch_ = 0;
  int64_t consumer_left_ns_ = 0;  ///< consumer 0 was last handed a batch
  double consumer_busy_ = 0, consumer_wait_ = 0;

  tbb::enumerable_thread_specific<Worker> workers_;
  Worker ordered_worker_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<IoPool> io_;
  std::once_flag begun_;
  std::thread admission_;
};

}  // namespace penstock
