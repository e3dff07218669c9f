// What happens to a slice on a compute thread, and to a batch once all its slices are done.
#include <algorithm>
#include <utility>

#include "engine/run/impl.h"

namespace penstock {
namespace {

// Replacements of one slot before the run gives up: with one record in a hundred bad, 32 in a row do not happen.
constexpr uint32_t kMaxAttempts = 32;

}  // namespace

/// What a reader is asked for a slice.
static Asked asked_for(const Slice& slice) {
  const BatchBlock& block = *slice.batch;
  return {.ids = slice.ids(),
          .epoch = block.epoch,
          .positions = std::span(block.positions).subspan(slice.first, slice.count),
          .attempt = slice.is_before ? std::max(slice.attempt, 1u) : slice.attempt};
}

/// On the thread that admits: whether what the slice needs is in memory already.
bool Run::Impl::is_here(Slice& slice) { return unpacks_ && reader_->bring_at_once(asked_for(slice)); }

/// On an I/O thread: all that may wait.
void Run::Impl::bring(Slice& slice) {
  if (!unpacks_) return read(slice);
  const TraceSpan span(options_.trace, "bring", "io", "batch", static_cast<int64_t>(slice.batch->sequence));
  reader_->bring(asked_for(slice));
}

void Run::Impl::read(Slice& slice) {
  const TraceSpan span(options_.trace, "read", unpacks_ ? "compute" : "io", "batch",
                       static_cast<int64_t>(slice.batch->sequence));
  SliceIntake intake(*graph_, slice_plan_, slice);
  if (reader_ == nullptr) {
    source_.read(slice.ids(), intake);
    return;
  }
  reader_->read(asked_for(slice), intake);
  if (!graph_->cut) return;  // else only now it is known what came
  const std::lock_guard lock(totals_mutex_);
  totals_.bytes_read += slice.used;
}

/// On a compute thread, where reading computes.
void Run::Impl::unpack(Slice& slice) {
  const int64_t begin = clock_.now_ns();
  read(slice);
  const std::lock_guard lock(totals_mutex_);
  unpack_ns_ += clock_.now_ns() - begin;
}

std::shared_ptr<BatchBlock> Run::Impl::work(Slice& slice) {
  if (stopping_) return nullptr;
  meter_.task_started();
  std::shared_ptr<BatchBlock> done;
  try {
    const TraceSpan span(options_.trace, "slice", "compute", "batch", static_cast<int64_t>(slice.batch->sequence));
    if (unpacks_)
      unpack(slice);
    else if (!source_.waits() && slice.attempt == 0)
      read(slice);
    Worker& worker = workers_.local();
    worker.run(slice);
    {
      const std::lock_guard lock(totals_mutex_);
      for (size_t s = 0; s < worker.busy_ns.size(); ++s) {
        totals_.stages[s].busy_seconds += static_cast<double>(worker.busy_ns[s]) * 1e-9;
        totals_.stages[s].records += worker.records[s];
        worker.busy_ns[s] = 0;
        worker.records[s] = 0;
      }
    }
    if (!slice.refused.empty()) settle_refusals(slice);
    slice.columns.clear();
    slice.made.clear();
    slice.buffer.reset();
    if (slice.batch->pending.fetch_sub(1) == 1) {
      slice.batch->close();
      done = slice.batch;
    }
  } catch (...) { fail(std::current_exception()); }
  meter_.task_ended();
  return done;
}

void Run::Impl::settle_refusals(Slice& slice) {
  for (size_t i = 0; i < slice.count; ++i) {
    if (!slice.refused[i].refused) continue;
    BatchBlock& block = *slice.batch;
    Rejection rejection;
    rejection.record = block.ids[slice.first + i];
    rejection.position = block.positions[slice.first + i];
    rejection.attempt = slice.attempt;
    rejection.stage = std::move(slice.refused[i].stage);
    rejection.reason = std::move(slice.refused[i].reason);
    if (options_.faults.on_fault == OnFault::kSkip && slice.is_before)
      step_back(slice);
    else if (options_.faults.on_fault == OnFault::kReplace && slice.attempt < kMaxAttempts)
      replace(slice, i, std::move(rejection));
    else if (options_.faults.on_fault == OnFault::kSkip)
      block.skip(slice.first + i, std::move(rejection));
    else
      block.refuse(std::move(rejection));
  }
}

void Run::Impl::replace(const Slice& slice, size_t i, Rejection rejection) {
  if (stopping_) return;  // the batch will never be whole
  BatchBlock& block = *slice.batch;
  uint64_t id = plan_.replacement(block.epoch, rejection.position, slice.attempt + 1);
  to_ids({&id, 1});
  rejection.replaced = true;
  rejection.replacement = id;
  if (!slice.is_before) block.refuse(std::move(rejection));  // else the rank that has the record's share says so
  block.ids[slice.first + i] = id;
  work_again(slice, i);
}

/// Of the record before the first: where it is skipped, the one before it comes to stand there; none, once the whole batch has been gone round.
void Run::Impl::step_back(const Slice& slice) {
  if (stopping_) return;
  BatchBlock& block = *slice.batch;
  uint64_t& position = block.positions[slice.first];
  const uint64_t count =
      std::min(options_.batch, plan_.positions_per_epoch() - block.first_position);  // as EpochPlan::batch
  if (slice.attempt + 1 >= count) {
    block.leave_out(slice.first);
    return;
  }
  position = position == block.first_position ? block.first_position + count - 1 : position - 1;
  uint64_t& id = block.ids[slice.first];
  id = plan_.record_at(block.epoch, position);
  to_ids({&id, 1});
  work_again(slice, 0);
}

/// Slot `i` of the slice, with the record that stands there now.
void Run::Impl::work_again(const Slice& slice, size_t i) {
  ++slice.batch->pending;  // before the slice that asks gives its own share back
  const uint64_t id = slice.batch->ids[slice.first + i];
  auto again = std::make_shared<Slice>();
  again->batch = slice.batch;
  again->first = slice.first + i;
  again->count = 1;
  again->attempt = slice.attempt + 1;
  again->is_before = slice.is_before;
  meter_.reads_started();
  io_->submit([this, again = std::move(again), id]() mutable {
    const int64_t begin = clock_.now_ns();
    try {
      const uint64_t bytes = std::max(source_.record_bytes(id), cut_bytes_) + slice_plan_.column_bytes_per_record;
      if (bytes > 0) {
        Credit credit = replacement_reserve_->take(Need::ram(bytes), stop_source_.get_token());
        again->buffer = replacement_pool_->make(bytes, std::move(credit));
      }
      if (!stopping_) bring(*again);
    } catch (...) {
      if (!stopping_) fail(std::current_exception());
    }
    meter_.read_ended(clock_.now_ns() - begin);
    executor_->submit(std::move(again));
  });
}

Error Run::Impl::refused_error(const Rejection& rejection) const {
  const Location where = source_.locate(rejection.record);
  return Error(Code::kData, "record " + std::to_string(rejection.record) + " (" + where.file + ", offset " +
                                std::to_string(where.offset) + ") cannot be used: " + rejection.reason)
      .add("stage '" + rejection.stage + "' worked on position " + std::to_string(rejection.position));
}

/// In batch order, so that the same record ends the run whatever the number of threads.
void Run::Impl::check_faults(const BatchBlock& block) {
  if (block.epoch != fault_epoch_) {
    fault_epoch_ = block.epoch;
    refused_in_epoch_ = 0;
  }
  uint64_t replaced = 0;
  for (const Rejection& rejection : block.rejections) {
    ++refused_in_epoch_;
    replaced += rejection.replaced ? 1 : 0;
    if (options_.faults.on_fault == OnFault::kFail)
      throw refused_error(rejection).hint(
          "--set faults.train=skip (or replace) passes over such records, of those that are validated or evaluated "
          "--set faults.eval=skip, also when the run is resumed; with the file mended or removed it is another data "
          "set, for a new run");
    if (options_.faults.on_fault == OnFault::kReplace && !rejection.replaced)
      throw refused_error(rejection).hint("its " + std::to_string(kMaxAttempts) + " replacements were refused as well");
    if (refused_in_epoch_ > options_.faults.budget)
      throw refused_error(rejection).hint("it is the refused record number " + std::to_string(refused_in_epoch_) +
                                          " of this epoch, and [faults] budget allows " +
                                          std::to_string(options_.faults.budget) +
                                          ": mend or remove such records, or raise it");
  }
  const std::lock_guard lock(totals_mutex_);
  totals_.rejected += block.rejections.size();
  totals_.replaced += replaced;
}

/// What consumers share: counts as held until the last of them drops it.
std::shared_ptr<BatchBlock> Run::Impl::handle_of(const std::shared_ptr<BatchBlock>& block) {
  {
    const std::lock_guard lock(room_->mutex);
    ++room_->held;
  }
  return {block.get(), [keep = std::shared_ptr<BatchBlock>(block), room = room_](BatchBlock*) mutable {
            {
              const std::lock_guard lock(room->mutex);
              --room->held;
            }
            keep.reset();
          }};
}

void Run::Impl::deliver(const std::shared_ptr<BatchBlock>& block) {
  if (stopping_) return;
  try {
    check_faults(*block);
    for (size_t s = 0; s < graph_->stages.size(); ++s)
      if (graph_->stages[s].kind == StageKind::kBatch) {
        const Batch batch(block);
        ordered_worker_.run_batch_stage(s, batch);
      }
    {
      const std::lock_guard lock(totals_mutex_);
      for (size_t s = 0; s < graph_->stages.size(); ++s) {
        totals_.stages[s].busy_seconds += static_cast<double>(ordered_worker_.busy_ns[s]) * 1e-9;
        totals_.stages[s].records += ordered_worker_.records[s];
        ordered_worker_.busy_ns[s] = 0;
        ordered_worker_.records[s] = 0;
      }
    }
    meter_.batch_ready();
    const bool last = block->sequence + 1 == total_batches_;
    output_.push(Batch(handle_of(block)));
    if (last) output_.close();
    {
      const std::lock_guard lock(room_->mutex);
      --room_->making;
    }
    room_->changed.notify_all();
    output_.wake();  // now a consumer that waits can see that nothing is being made
  } catch (...) { fail(std::current_exception()); }
}

}  // namespace penstock
