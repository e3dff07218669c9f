// When a training writes a checkpoint, and when it ends before its last epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>

#include "engine/base/clock.h"
#include "pipelines/train/position.h"
#include "pipelines/train/train_plan.h"

namespace penstock::train {

/// Why the loop came back.
enum class TrainEnd {
  kFinished,
  kStopped,  ///< on request
  kTimeUp,   ///< the time limit
};

/// What this process makes of its clock and its stop. One thread; `clock` must outlive it.
class Due {
 public:
  /// The training begins here. `time_limit_seconds`: 0: none; it is up early enough for a last checkpoint to fit.
  Due(const CheckpointEvery& every, double time_limit_seconds, std::stop_token stop, Clock& clock,
      const Position& begins);

  /// A stop or the time limit, if any.
  std::optional<TrainEnd> end() const;
  bool is_checkpoint(const Position& at) const;
  /// Nothing was learnt since the last checkpoint, or since the beginning; also where that checkpoint failed.
  bool is_saved(const Position& at) const { return at.steps == saved_steps_; }

  /// A checkpoint of that position begins, and ends; gives how long it took.
  void begin_save(const Position& at);
  double end_save();

  /// Since the training began here.
  double seconds() const { return clock_.now_seconds() - began_; }

 private:
  CheckpointEvery every_;
  double time_limit_seconds_;
  std::stop_token stop_;
  Clock& clock_;
  double began_, saved_at_, save_began_ = 0;  ///< clock
  double slowest_save_ = 0;                   ///< seconds
  uint64_t saved_steps_, saved_epoch_;
};

}  // namespace penstock::train
