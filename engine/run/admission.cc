// The admission of batches: in sequence, each with the memory it needs.
#include <algorithm>
#include <utility>

#include "engine/run/impl.h"

namespace penstock {

void Run::Impl::admit(std::stop_token stop) {
  if (options_.trace != nullptr) options_.trace->name_thread("admission");
  try {
    for (uint64_t sequence = 0; sequence < total_batches_ && !stop.stop_requested(); ++sequence) {
      const std::shared_ptr<BatchBlock> block = admit_batch(sequence, stop);
      if (!block) return;
      cut_slices(block, stop);
    }
    meter_.admission_ended();
  } catch (const Error& error) {
    if (error.code() != Code::kCancelled) fail(std::current_exception());
  } catch (...) { fail(std::current_exception()); }
}

/// Waits for a place and for memory; null when stopped.
std::shared_ptr<BatchBlock> Run::Impl::admit_batch(uint64_t sequence, std::stop_token stop) {
  const uint64_t steps = plan_.steps_per_epoch();
  const uint64_t at = options_.step + sequence;
  const StepSlice share = plan_.batch(options_.epoch + at / steps, at % steps);
  const TraceSpan span(options_.trace, "wait for room", "admission", "batch", static_cast<int64_t>(sequence));

  meter_.room_wait_began();
  {
    std::unique_lock lock(room_->mutex);
    bool go = true;
    while (go && room_->in_flight >= batches_in_flight_) {
      const uint64_t seen = room_->given_back;
      room_->waits_for_place = true;
      lock.unlock();
      output_.wake();  // a consumer that holds them all must hear of it
      lock.lock();
      go = room_->changed.wait(lock, stop, [&] { return room_->given_back != seen; });
    }
    room_->waits_for_place = false;
    if (!go || stop.stop_requested()) return nullptr;
  }
  std::shared_ptr<Buffer> memory = batch_pool_->reuse(layout_->bytes);
  if (!memory) {
    Credit credit = batch_reserve_->take(Need::of(options_.tier, layout_->bytes), stop);
    memory = batch_pool_->make(layout_->bytes, std::move(credit));
  }
  meter_.room_wait_ended();

  auto block = std::make_shared<BatchBlock>(graph_, layout_, std::move(memory), share.count);
  block->sequence = sequence;
  block->epoch = share.epoch;
  block->step = share.step;
  block->first_position = share.global_first;
  block->is_whole = share.count == share.global_count;
  plan_.records(share.epoch, share.first, block->ids);
  to_ids(block->ids);
  for (uint64_t i = 0; i < share.count; ++i) block->positions[i] = share.first + i;
  bring_before(share, *block);
  {
    const std::lock_guard lock(room_->mutex);
    ++room_->in_flight;
    ++room_->making;
  }
  block->release = [room = room_] {
    {
      const std::lock_guard lock(room->mutex);
      --room->in_flight;
      ++room->given_back;
    }
    room->changed.notify_all();
  };
  return block;
}

/// The record before the share's first, going round the whole batch.
void Run::Impl::bring_before(const StepSlice& share, BatchBlock& block) const {
  if (!brings_before_ || block.is_whole || share.count == 0) return;
  const uint64_t round = share.first == share.global_first ? share.global_count : 0;
  block.positions.push_back(share.first + round - 1);
  block.ids.push_back(plan_.record_at(share.epoch, block.positions.back()));
  to_ids({&block.ids.back(), 1});
  block.has_before = true;
}

/// Cuts by records and by bytes, so that one large picture does not make a large slice.
void Run::Impl::cut_slices(const std::shared_ptr<BatchBlock>& block, std::stop_token stop) {
  const size_t n = block->ids.size(), own = n - (block->has_before ? 1 : 0);
  const uint64_t room = std::max<uint64_t>(slice_bytes_ - slice_records_ * slice_plan_.column_bytes_per_record, 1);
  block->pending = 1;  // held by admission: a slice that is done early must not end the batch
  size_t first = 0;
  do {
    const size_t end = first < own ? own : n;  // the record before the first is a slice of its own
    size_t count = source_.max_record_bytes() == 0 ? std::min(slice_records_, end - first) : 0;
    uint64_t bytes = 0;
    while (first + count < end && count < slice_records_) {
      const uint64_t more = std::max(source_.record_bytes(block->ids[first + count]), cut_bytes_);
      if (count > 0 && bytes + more > room) break;
      bytes += more;
      ++count;
    }
    auto slice = std::make_shared<Slice>();
    slice->batch = block;
    slice->first = first;
    slice->count = count;
    slice->is_before = first >= own && own < n;
    first += count;
    if (first < n) ++block->pending;  // the last slice takes over the hold of the admission
    send(std::move(slice), bytes + count * slice_plan_.column_bytes_per_record, stop);
  } while (first < n && !stop.stop_requested());
}

std::shared_ptr<Buffer> Run::Impl::slice_buffer(uint64_t bytes, std::stop_token stop) {
  if (bytes == 0) return nullptr;
  const uint64_t size = std::max(bytes, slice_bytes_);  // all of one size, so that they can be used again
  if (std::shared_ptr<Buffer> idle = slice_pool_->reuse(size)) return idle;
  Credit credit = slice_reserve_->take(Need::ram(size), stop);
  return slice_pool_->make(size, std::move(credit));
}

void Run::Impl::send(std::shared_ptr<Slice> slice, uint64_t bytes, std::stop_token stop) {
  meter_.room_wait_began();
  slice->buffer = slice_buffer(bytes, stop);
  meter_.room_wait_ended();
  if (!graph_->cut) {
    const std::lock_guard lock(totals_mutex_);
    totals_.bytes_read += bytes;
  }
  if (!source_.waits() || is_here(*slice)) {
    executor_->submit(std::move(slice));  // reads where it computes
    return;
  }
  meter_.reads_started();
  io_->submit([this, slice = std::move(slice)]() mutable {
    const int64_t begin = clock_.now_ns();
    try {
      if (!stopping_) bring(*slice);
    } catch (...) { fail(std::current_exception()); }
    meter_.read_ended(clock_.now_ns() - begin);
    executor_->submit(std::move(slice));
  });
}

}  // namespace penstock
