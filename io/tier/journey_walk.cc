#include "io/tier/journey_walk.h"

#include <algorithm>

#include "engine/order/epoch_plan.h"

namespace penstock::io {

JourneyWalk::JourneyWalk(const Journey& journey, const Source& source) : journey_(journey), source_(source) {
  const uint64_t steps = journey_.plan->steps_per_epoch();
  each_ = count_of(0);
  per_epoch_ = (steps - 1) * each_ + count_of(steps - 1);
  begin_ = journey_.step < steps ? journey_.step * each_ : per_epoch_;
  const uint64_t last_step = journey_.step + journey_.batches;
  end_ = last_step / steps * per_epoch_ + last_step % steps * each_;
}

uint64_t JourneyWalk::count_of(uint64_t step) const { return journey_.plan->batch(journey_.epoch, step).count; }

JourneyWalk::Place JourneyWalk::place(uint64_t counted) const {
  const uint64_t within_epoch = counted % per_epoch_;
  const uint64_t step = each_ == 0 ? journey_.plan->steps_per_epoch() - 1
                                   : std::min(within_epoch / each_, journey_.plan->steps_per_epoch() - 1);
  return {counted / per_epoch_, step, within_epoch - step * each_};
}

std::vector<Stop> JourneyWalk::stops(uint64_t first, uint64_t last) const {
  std::vector<Stop> out;
  out.reserve(last - first);
  std::vector<uint64_t> places, ids;
  const bool by_storage = journey_.by_storage && journey_.plan->options().order != Order::kFull;
  for (uint64_t at = begin_ + first; at < begin_ + last;) {
    const Place place = this->place(at);
    const StepSlice share = journey_.plan->batch(journey_.epoch + place.epoch, place.step);
    const uint64_t count = std::min(share.count - place.within, begin_ + last - at);
    places.resize(count);
    journey_.plan->records(share.epoch, share.first + place.within, places);
    ids = places;
    if (by_storage) source_.ids_at(ids);
    for (uint64_t i = 0; i < count; ++i)
      out.push_back({share.epoch, share.first + place.within + i, places[i], ids[i]});
    at += count;
  }
  return out;
}

std::optional<uint64_t> JourneyWalk::ordinal(uint64_t epoch, uint64_t position) const {
  const PlanOptions& options = journey_.plan->options();
  const uint64_t step = position / options.batch;
  if (epoch < journey_.epoch || step >= journey_.plan->steps_per_epoch()) return std::nullopt;
  const StepSlice share = journey_.plan->batch(epoch, step);
  if (position < share.first || position >= share.first + share.count) return std::nullopt;
  const uint64_t counted = (epoch - journey_.epoch) * per_epoch_ + step * each_ + (position - share.first);
  if (counted < begin_ || counted >= end_) return std::nullopt;
  return counted - begin_;
}

uint64_t JourneyWalk::group_end(uint64_t first) const {
  const uint64_t counted = begin_ + first;
  const uint64_t epoch_end = std::min(end_, (counted / per_epoch_ + 1) * per_epoch_);
  const PlanOptions& options = journey_.plan->options();
  if (options.order != Order::kBlock) return epoch_end - begin_;
  // The first stop of this epoch whose position lies behind the group: positions rise with the ordinals.
  const auto position_of = [&](uint64_t at) {
    const Place place = this->place(at);
    return journey_.plan->batch(journey_.epoch + place.epoch, place.step).first + place.within;
  };
  const uint64_t behind = journey_.plan->group_end(journey_.epoch + counted / per_epoch_, position_of(counted));
  uint64_t low = counted, high = epoch_end;  // position_of(low) < behind; all from high on are not
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    (position_of(middle) < behind ? low : high) = middle;
  }
  return high - begin_;
}

}  // namespace penstock::io
