// How the training loop gets its batches: one after the other, or some ahead of the step.
#include <algorithm>
#include <utility>

#include "pipelines/train/trainer.h"

namespace penstock::train {

/// Of all processes: what one has in the place of a batch, none learns.
Trainer::Fetched Trainer::next_of_all(Run& run) {
  std::optional<Batch> batch;
  const double asked = world_.clock->now_seconds();
  std::optional<Error> failure = failure_of([&] { batch = run.next(); });
  if (failure && failure->code() == Code::kCancelled && world_.stop.stop_requested()) failure.reset();
  waited_seconds_ += world_.clock->now_seconds() - asked;
  Fetched fetched;
  fetched.failure = failure_of([&] {
    // One question a step where all is well.
    if (!together_.any({failure.has_value() || !batch})[0])
      fetched.batch = std::move(batch);
    else
      together_.require_none(failure);
  });
  return fetched;
}

/// Rows of embeddings are brought ahead. Where devices compute, look_ahead() fetches their batches during a step. On CPUs they are held while a step is
/// taken: at least one more is left for the stages to work on. All processes fetch as many.
void Trainer::begin_rows_ahead(const Run& run) {
  const size_t others = lanes_.compute_elsewhere() ? 1 : 2, most = run.most_batches();
  const size_t mine = std::min(lanes_.rows_ahead(), most > others ? most - others : 0);
  for (rows_ahead_ = 0; !together_.any({mine <= rows_ahead_})[0];) ++rows_ahead_;  // the least of all
  lanes_.bring_rows_ahead(rows_ahead_);
}

void Trainer::say_rows_ahead(size_t before) {
  if (lanes_.rows_ahead() < before)
    world_.progress->say("note: rows of embeddings are brought " + std::to_string(lanes_.rows_ahead()) +
                         " batches ahead from now on, not " + std::to_string(before) +
                         " (train.sparse_ahead): the budget has no memory for more beside the data");
}

/// The batch of the next step, where it was not looked for ahead; on CPUs also those behind it whose rows are brought ahead.
void Trainer::fetch(Run& run) {
  const size_t behind = lanes_.compute_elsewhere() ? 0 : rows_ahead_;
  while (ahead_.size() <= behind && (ahead_.empty() || ahead_.back().is_batch())) {
    ahead_.push_back(next_of_all(run));
    if (behind > 0 && ahead_.back().is_batch()) lanes_.prepare(*ahead_.back().batch);
  }
}

/// Waits for the batch after the one in work; then for as many more as it pays to bring up, while the step is not done. What that costs
/// counts as waiting where it took longer than the step. All processes fetch as many. Gives what went wrong with bringing up; what there is in
/// the place of a batch waits for its turn.
std::optional<Error> Trainer::look_ahead(Run& run) {
  const double waited = waited_seconds_;
  std::optional<Error> failure;
  bool done = false;
  while (ahead_.empty() || ahead_.back().is_batch()) {
    if (!failure) failure = failure_of([&] { done = lanes_.done(); });
    const bool enough =
        failure || done || ahead_.size() >= std::min({lanes_.worth_preparing(), run.most_batches(), most_ahead_});
    if (!ahead_.empty() && together_.any({enough})[0]) break;
    ahead_.push_back(next_of_all(run));
    if (failure || !ahead_.back().is_batch()) continue;
    failure = failure_of([&] { lanes_.prepare(*ahead_.back().batch); });
    if (failure && failure->code() == Code::kMemory &&
        ahead_.size() > 1) {  // in its turn it has the room of those before
      most_ahead_ = ahead_.size() - 1;
      failure.reset();
    }
  }
  if (!done) waited_seconds_ = waited;
  return failure;
}

}  // namespace penstock::train
