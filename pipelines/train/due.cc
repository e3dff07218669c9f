#include "pipelines/train/due.h"

#include <algorithm>
#include <utility>

namespace penstock::train {
namespace {

// Room that a time limit leaves for the last checkpoint, as a multiple of the slowest so far, and before there was one.
constexpr double kSaveMargin = 2;
constexpr double kFirstSaveSeconds = 5;

}  // namespace

Due::Due(const CheckpointEvery& every, double time_limit_seconds, std::stop_token stop, Clock& clock,
         const Position& begins)
    : every_(every),
      time_limit_seconds_(time_limit_seconds),
      stop_(std::move(stop)),
      clock_(clock),
      began_(clock.now_seconds()),
      saved_at_(began_),
      saved_steps_(begins.steps),
      saved_epoch_(begins.epoch) {}

std::optional<TrainEnd> Due::end() const {
  if (stop_.stop_requested()) return TrainEnd::kStopped;
  const double margin = kSaveMargin * (slowest_save_ > 0 ? slowest_save_ : kFirstSaveSeconds);
  if (time_limit_seconds_ > 0 && seconds() + std::min(margin, time_limit_seconds_ / 2) >= time_limit_seconds_)
    return TrainEnd::kTimeUp;
  return std::nullopt;
}

bool Due::is_checkpoint(const Position& at) const {
  return (every_.steps > 0 && at.steps >= saved_steps_ + every_.steps) ||
         (every_.epochs > 0 && at.epoch >= saved_epoch_ + every_.epochs) ||
         (every_.seconds > 0 && clock_.now_seconds() - saved_at_ >= every_.seconds);
}

void Due::begin_save(const Position& at) {
  save_began_ = clock_.now_seconds();
  saved_steps_ = at.steps;
  saved_epoch_ = at.epoch;
}

double Due::end_save() {
  saved_at_ = clock_.now_seconds();
  const double took = saved_at_ - save_began_;
  slowest_save_ = std::max(slowest_save_, took);
  return took;
}

}  // namespace penstock::train
