// The training loop: batches in, weights, logs and checkpoints out.
#pragma once

#include <deque>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "pipelines/job/progress.h"
#include "pipelines/train/due.h"
#include "pipelines/train/lanes.h"
#include "pipelines/train/position.h"
#include "pipelines/train/train_plan.h"
#include "stages/learn/checkpoint_store.h"

namespace penstock::train {

/// The world around the loop. What is pointed at must outlive it.
struct TrainWorld {
  std::stop_token stop;
  double time_limit_seconds = 0;  ///< 0: none. Ends early enough for a last checkpoint to fit
  ProgressSink* progress = nullptr;
  Trace* trace = nullptr;
  Clock* clock = nullptr;
  learn::CheckpointStore* checkpoints = nullptr;  ///< null where another process keeps them
};

/// Takes the steps that `position` leaves, epoch by epoch: a Run of the training data, then a Run of the validation data on the
/// same cores and budgets, then the epoch's line. The pass of an epoch ends before its evaluation begins, so each of them has the
/// whole budget. One thread, the first lane's.
///
/// Several processes take each step together: each reads its share of the batch. A stop, a time limit or a failure that one of them meets
/// ends all of them at the same step, with one checkpoint. The root alone has logs and checkpoints; what fails there is a failure of all.
///
/// Exactness: what is learnt depends on plan, data and position only. When checkpoints are written, how long anything takes and
/// what interrupts it changes nothing but times.
class Trainer {
 public:
  Trainer(const TrainPlan& plan, const Source& train, const Source* val, Lanes& lanes, RunLogs* logs, TrainWorld world);

  /// Ends with a checkpoint at `position`, also where a Run failed (bad data past its budget, a failing disk): what was learnt
  /// until then is kept and the Error passed on. Not where the learner itself failed: its state is that of half a step.
  /// Where a checkpoint cannot be written its Error comes out (after another Error: as context of that one) and the one before
  /// is still there.
  TrainEnd run(Position& position);

 private:
  struct Agreed {
    std::optional<TrainEnd> end;
    bool due = false;  ///< a checkpoint
  };
  Agreed agree(uint64_t refused, const std::optional<Error>& failure);
  /// What comes next in an epoch, the same kind in all processes: a batch (empty: the end), or a failure, or neither: a stop was asked for.
  struct Fetched {
    std::optional<Batch> batch = std::nullopt;
    std::optional<Error> failure = std::nullopt;
    bool is_batch() const { return batch && *batch; }
  };
  Fetched next_of_all(Run& run);
  void begin_rows_ahead(const Run& run);
  void say_rows_ahead(size_t before);
  void fetch(Run& run);
  std::optional<TrainEnd> train_epoch(const TrainPhase& phase);
  Run start(const TrainPhase& phase);
  std::optional<Error> take(Batch batch, Run& run);
  std::optional<Error> look_ahead(Run& run);
  std::optional<Error> book(const Taken& mine, const std::optional<learn::StepResult>& result, double took_seconds);
  std::optional<TrainEnd> finish_epoch(const TrainPhase& phase);
  void require_fault_budget(const TrainPhase& phase);
  void save(const Run* run);
  void write();
  void show(const learn::StepResult& result);

  const TrainPlan& plan_;
  const Source& train_;
  const Source* val_;
  Lanes& lanes_;
  Together together_;
  RunLogs* logs_;
  TrainWorld world_;

  Position* at_ = nullptr;
  std::optional<Due> due_;
  bool in_step_ = false;  ///< the learner may be ahead of the position, or between two steps
  Totals before_;         ///< without the Run under way
  /// A new best that is not on disk yet: it goes there just before the checkpoint that knows of it.
  std::optional<learn::Checkpoint> best_;
  double seconds_before_ = 0;         ///< of the processes before
  std::deque<Fetched> ahead_;         ///< while steps before were under way, in order
  size_t rows_ahead_ = 0;             ///< batches whose rows are brought before their step
  learn::RowsBrought rows_before_;    ///< by the processes before
  uint64_t most_ahead_ = UINT64_MAX;  ///< for which the devices have memory
  double waited_seconds_ = 0;         ///< for the batch of the step to come
  double rate_ = 0;                   ///< records a second, smoothed
  double epoch_began_ = 0;
  uint64_t epoch_records_ = 0;  ///< in this process
};

}  // namespace penstock::train
