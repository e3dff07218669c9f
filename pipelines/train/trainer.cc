#include "pipelines/train/trainer.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "pipelines/train/epoch_words.h"
#include "pipelines/train/evaluation.h"
#include "pipelines/train/taken.h"

namespace penstock::train {
namespace {

// The share of the newest step in the rate that is shown and logged.
constexpr double kRateWeight = 0.1;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// What `other` kept from an epoch for the next one gives way, where there is no room for `work` beside it.
template <class Work>
auto with_room(const Source* other, Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() != Code::kMemory || other == nullptr) throw;
  }
  other->let_go();
  return work();
}

Evaluation validated(Lanes& lanes, const TrainPhase& phase, const Source& train, const Source& val,
                     const EvaluationOptions& options, uint64_t epoch) {
  try {
    return with_room(&train, [&] { return evaluate(lanes, phase.eval, val, options); });
  } catch (Error& error) { throw error.add("validating after epoch " + std::to_string(epoch + 1)); }
}

}  // namespace

Trainer::Trainer(const TrainPlan& plan, const Source& train, const Source* val, Lanes& lanes, RunLogs* logs,
                 TrainWorld world)
    : plan_(plan),
      train_(train),
      val_(val),
      lanes_(lanes),
      together_(lanes.together()),
      logs_(logs),
      world_(std::move(world)) {
  PENSTOCK_CHECK(world_.progress != nullptr && world_.clock != nullptr && !plan_.phases.empty());
  PENSTOCK_CHECK((world_.checkpoints != nullptr && logs_ != nullptr) == together_.is_root());
}

/// What all processes make of it, after a step or before an epoch; `refused` records are counted over all. Throws in all where any has a
/// failure.
Trainer::Agreed Trainer::agree(uint64_t refused, const std::optional<Error>& failure) {
  const std::optional<TrainEnd> mine = due_->end();
  std::vector<double> signs = {mine == TrainEnd::kStopped ? 1.0 : 0, mine == TrainEnd::kTimeUp ? 1.0 : 0,
                               due_->is_checkpoint(*at_) ? 1.0 : 0, static_cast<double>(refused), failure ? 1.0 : 0};
  together_.sum(signs);
  at_->rejected += static_cast<uint64_t>(signs[3]);
  if (signs[4] > 0) together_.require_none(failure);
  Agreed agreed{.end = std::nullopt, .due = signs[2] > 0};
  if (signs[0] > 0)
    agreed.end = TrainEnd::kStopped;
  else if (signs[1] > 0)
    agreed.end = TrainEnd::kTimeUp;
  return agreed;
}

TrainEnd Trainer::run(Position& position) {
  at_ = &position;
  before_ = position.totals;
  due_.emplace(plan_.checkpoint, world_.time_limit_seconds, world_.stop, *world_.clock, position);
  seconds_before_ = position.totals.seconds;
  rows_before_ = position.totals.rows;
  const uint64_t batch = plan_.phase_of(position.epoch).train_run.batch;
  world_.progress->begin("training", plan_.records_until(plan_.epochs), unit_of(plan_.rows()),
                         plan_.records_until(position.epoch) + position.step * batch);
  std::optional<TrainEnd> end;
  bool changed = false;
  try {
    while (!end && position.epoch < plan_.epochs) {
      const TrainPhase& phase = plan_.phase_of(position.epoch);
      changed = true;
      end = agree(0, std::nullopt).end;
      if (!end) end = train_epoch(phase);
      if (!end) end = finish_epoch(phase);
    }
  } catch (Error& error) {
    // What one process meets alone it ends with alone, and the others with it; or it was the checkpoint that failed.
    if (!together_.fails_in_all() || in_step_ || due_->is_saved(position)) throw;
    if (together_.any({error.code() == Code::kInternal || error.code() == Code::kCancelled})[0]) {
      together_.fail_in_all();
      throw;
    }
    try {
      save(nullptr);
    } catch (const Error& second) { throw error.add("no checkpoint could be written: " + second.message()); }
    together_.fail_in_all();
    throw error.add("training; what was learnt until step " + std::to_string(position.steps) +
                    " is saved: --resume auto goes on from there");
  }
  if (changed) save(nullptr);
  world_.progress->end();
  return end.value_or(TrainEnd::kFinished);
}

/// The Run of the epoch, from its step on. A failure of one process is one of all: each has memory of its own, and the root a ledger.
Run Trainer::start(const TrainPhase& phase) {
  RunOptions options = phase.train_run;
  options.epoch = at_->epoch;
  options.step = at_->step;
  options.epochs = 1;
  options.again = at_->epoch + 1 < plan_.epochs;
  options.faults.already = at_->rejected;
  options.clock = world_.clock;
  options.trace = world_.trace;
  lanes_.feed_from(options);
  epoch_began_ = world_.clock->now_seconds();
  epoch_records_ = 0;
  std::optional<Run> run;
  together_.require_none(failure_of([&] {
    const size_t rows_ahead = lanes_.rows_ahead();
    run.emplace(with_room(val_, [&] { return lanes_.start(phase.train, train_, options); }));
    say_rows_ahead(rows_ahead);
    PlanOptions plan = run->plan().options();
    plan.rank = 0, plan.ranks = 1;  // the ledger is of all processes
    if (logs_) logs_->plan({at_->epoch, io::from_hex(at_->data).value_or(0), plan});
  }));
  return std::move(*run);
}

std::optional<TrainEnd> Trainer::train_epoch(const TrainPhase& phase) {
  Run run = start(phase);
  // A batch that is waited for is given up; one that the learner has is finished.
  const std::stop_callback give_up(world_.stop, [&run] { run.stop(); });
  std::optional<TrainEnd> end;
  ahead_.clear();
  lanes_.follow(phase.feed.get());
  begin_rows_ahead(run);
  if (lanes_.compute_elsewhere()) together_.require_none(look_ahead(run));
  while (!end) {
    fetch(run);
    Fetched next = std::move(ahead_.front());
    ahead_.pop_front();
    if (next.failure) {
      together_.fail_in_all();
      throw *next.failure;
    }
    if (!next.batch) {
      end = TrainEnd::kStopped;
      break;
    }
    if (!*next.batch) break;
    const size_t refused = next.batch->rejections().size();
    const std::optional<Error> failure = take(std::move(*next.batch), run);
    const Agreed agreed = agree(refused, failure);
    require_fault_budget(phase);
    end = agreed.end;
    if (!end && agreed.due) save(&run);
  }
  lanes_.bring_rows_ahead(0);
  lanes_.follow(nullptr);  // evaluations take their batches as they are
  Report report = run.report();
  together_.add_up(report);
  before_.add(report);
  at_->totals = before_;
  return end;
}

/// Takes a step. Where devices compute, the next batch is fetched and brought up meanwhile, and `batch` is given back before. Gives
/// what went wrong with that, or at the root with its logs: to be agreed upon, for this process is in step with the others.
std::optional<Error> Trainer::take(Batch batch, Run& run) {
  const TraceSpan span(world_.trace, "step", "lane", "step", static_cast<int64_t>(at_->steps));
  const double began = world_.clock->now_seconds(), waited = waited_seconds_;
  const Taken mine = taken_of(batch);
  std::optional<learn::StepResult> result;
  std::optional<Error> failure;
  in_step_ = true;
  if (batch.size() > 0 || together_.size() > 1) {
    lanes_.begin_step(batch);
    batch = Batch();
    if (lanes_.compute_elsewhere()) failure = look_ahead(run);
    result = lanes_.end_step();
    if (result->records == 0) result.reset();  // all processes' were refused
  }
  const double took = world_.clock->now_seconds() - began - (waited_seconds_ - waited);
  before_.step_seconds += took;
  before_.data_wait_seconds += waited_seconds_;
  const std::optional<Error> unwritten = book(mine, result, took);
  return failure ? failure : unwritten;
}

/// What was learnt of a batch: sums, the position, logs, the rate that is shown. Gives what went wrong with the logs.
std::optional<Error> Trainer::book(const Taken& mine, const std::optional<learn::StepResult>& result,
                                   double took_seconds) {
  const Taken taken = joined(together_, mine);
  const double rate =
      static_cast<double>(result ? result->records : 0) / std::max(1e-9, took_seconds + waited_seconds_);
  waited_seconds_ = 0;
  rate_ = rate_ == 0 ? rate : rate_ + kRateWeight * (rate - rate_);
  if (result) {
    at_->sums.loss += result->loss * static_cast<double>(result->records);
    at_->sums.records += static_cast<uint64_t>(result->records);
    at_->sums.top1 += static_cast<uint64_t>(result->top1);
    epoch_records_ += static_cast<uint64_t>(result->records);
  }
  at_->step = mine.step + 1;
  ++at_->steps;
  in_step_ = false;
  return failure_of([&] {
    if (logs_) logs_->step(taken, result ? &*result : nullptr, rate, train_);
    for (const Rejection& r : taken.rejections)
      world_.progress->say("record " + std::to_string(r.record) + " (" + train_.locate(r.record).file +
                           ") refused: " + r.reason +
                           (r.replaced ? "; record " + std::to_string(r.replacement) + " takes its place" : ""));
    if (result) show(*result);
  });
}

void Trainer::show(const learn::StepResult& result) {
  const TrainPhase& phase = plan_.phase_of(at_->epoch);
  world_.progress->update(
      plan_.records_until(at_->epoch) + at_->step * phase.train_run.batch,
      "epoch " + std::to_string(at_->epoch + 1) + "/" + std::to_string(plan_.epochs) + ", step " +
          std::to_string(at_->step) + "/" + std::to_string(phase.steps_per_epoch) + ", loss " + number(result.loss) +
          right_text(plan_.rows(), static_cast<double>(at_->sums.top1) / static_cast<double>(at_->sums.records)));
}

std::optional<TrainEnd> Trainer::finish_epoch(const TrainPhase& phase) {
  EpochMetrics m;
  m.epoch = at_->epoch;
  m.rows = plan_.rows();
  m.steps = at_->steps;
  const double n = std::max<double>(1, static_cast<double>(at_->sums.records));
  m.train_loss = at_->sums.loss / n;
  m.train_top1 = static_cast<double>(at_->sums.top1) / n;
  m.records_per_second =
      static_cast<double>(epoch_records_) / std::max(1e-9, world_.clock->now_seconds() - epoch_began_);
  if (val_ != nullptr && ((at_->epoch + 1) % plan_.eval_every == 0 || at_->epoch + 1 == plan_.epochs)) {
    const TraceSpan span(world_.trace, "evaluation", "lane");
    const double began = world_.clock->now_seconds();
    EvaluationOptions options{.run = phase.eval_run, .stop = world_.stop};
    options.run.again = at_->epoch + 1 < plan_.epochs;
    options.run.clock = world_.clock;
    options.run.trace = world_.trace;
    const size_t rows_ahead = lanes_.rows_ahead();
    const Evaluation evaluation = validated(lanes_, phase, train_, *val_, options, m.epoch);
    say_rows_ahead(rows_ahead);
    before_.evaluation_seconds += world_.clock->now_seconds() - began;
    if (evaluation.stopped) return TrainEnd::kStopped;
    m.val_loss = evaluation.sums.mean_loss();
    m.figures = evaluation.figures;
    if (!m.rows) {
      m.val_top1 = evaluation.sums.top1_share();
      m.val_top5 = evaluation.sums.top5_share();
    }
  }
  std::string words =
      "epoch " + std::to_string(m.epoch + 1) + "/" + std::to_string(plan_.epochs) + ": " + epoch_text(m);
  m.seconds = seconds_before_ + due_->seconds();
  together_.at_root([&] {
    logs_->epoch(m);
    logs_->flush();
  });

  ++at_->epoch;
  at_->step = 0;
  at_->rejected = 0;
  at_->sums = {};
  at_->last = m;
  // With validation data, epochs without an evaluation are never the best.
  const std::optional<metrics::Figure> score = m.score(val_ != nullptr);
  if (score && (at_->best < 0 || metrics::better({score->name, at_->best, score->lower_is_better}, *score))) {
    at_->best = score->value;
    at_->best_epoch = m.epoch;
    together_.at_root([&] {
      best_ = {.step = at_->steps, .metadata = at_->to_json(), .state = lanes_.learner().weights_bytes(), .path = {}};
    });
    words += " (best so far)";
  }
  world_.progress->say(words);
  if (at_->epoch < plan_.epochs && together_.any({due_->is_checkpoint(*at_)})[0]) save(nullptr);
  return std::nullopt;
}

void Trainer::require_fault_budget(const TrainPhase& phase) {
  // One process alone is held to it by its Run, batch by batch.
  if (together_.size() == 1 || phase.train_run.faults.on_fault == OnFault::kFail ||
      at_->rejected <= phase.train_run.faults.budget)
    return;
  together_.fail_in_all();
  throw Error(Code::kData, std::to_string(at_->rejected) + " records of this epoch were refused over all processes, " +
                               std::to_string(phase.train_run.faults.budget) + " may be")
      .hint("quarantine.jsonl names them; raise faults.budget, or mend the data: penstock verify DATA");
}

void Trainer::save(const Run* run) {
  const TraceSpan span(world_.trace, "checkpoint", "lane");
  due_->begin_save(*at_);
  at_->totals = before_;
  if (run != nullptr) {
    Report report = run->report();
    together_.add_up(report);
    at_->totals.add(report);
  }
  if (plan_.lanes.decoding) at_->totals.decoders.add(over_all(together_, plan_.lanes.decoding->counts()));
  at_->totals.rows = rows_before_;
  at_->totals.rows += lanes_.rows_brought();
  at_->totals.seconds = seconds_before_ + due_->seconds();
  together_.at_root([&] { write(); });
  before_.checkpoint_seconds += due_->end_save();
  at_->totals.checkpoint_seconds = before_.checkpoint_seconds;
}

void Trainer::write() {
  try {
    at_->logs = logs_->sync();
    if (best_) world_.checkpoints->save_best(best_->step, best_->metadata, best_->state);
    world_.checkpoints->save(at_->steps, at_->to_json(), lanes_.learner().save());
  } catch (Error& error) {
    throw error.add(
        "checkpoints that were whole stay so: --resume auto goes on from the newest, or begins anew where there is "
        "none");
  }
  best_.reset();
}

}  // namespace penstock::train
