// What a run says of itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/source.h"

namespace penstock {

/// Thread-seconds of one stage. Stages that run one after the other in a slice share their threads' idle time.
struct StageReport {
  std::string name;            ///< the stage's id; "read" is the source; "consumer" is whoever calls next()
  double busy_seconds = 0;     ///< working
  double starved_seconds = 0;  ///< its threads had nothing to work on
  double blocked_seconds = 0;  ///< its threads waited for room: a budget, or batches the consumer still held
  uint64_t records = 0;
  unsigned threads = 0;
};

/// Nanosecond durations in buckets of 1/16 octave: fixed memory, error under 5 %.
class DurationHistogram {
 public:
  void add(int64_t ns);
  /// Seconds below which the share `q` of all durations lies; 0 where there are none.
  double quantile(double q) const;
  double max_seconds() const { return static_cast<double>(max_) * 1e-9; }
  uint64_t count() const { return count_; }

 private:
  static constexpr int kPerOctave = 16;
  uint64_t buckets_[64 * kPerOctave] = {};
  uint64_t count_ = 0;
  int64_t max_ = 0;
};

struct Report {
  double seconds = 0;              ///< from start to the last batch handed over (or until now)
  double first_batch_seconds = 0;  ///< from start to the first batch handed over
  uint64_t records = 0;            ///< handed over
  uint64_t batches = 0;
  uint64_t rejected = 0;
  uint64_t replaced = 0;
  uint64_t bytes_read = 0;         ///< of records, as the source gave them
  uint64_t peak_budget_bytes = 0;  ///< RAM and pinned, of the shared budgets
  unsigned threads = 0;
  DurationHistogram batch_wait;     ///< of each call of next()
  std::vector<StageReport> stages;  ///< "read", the stages in order, "consumer"
  std::vector<TierUse> tiers;       ///< what a source that reads ahead found where; empty for others
  double mean_batches_ready = 0;    ///< queue depth before the consumer, averaged over time

  double records_per_second() const { return seconds > 0 ? static_cast<double>(records) / seconds : 0; }
  /// The stage that limited the run: where everything before waits for room and everything after for input.
  std::string bottleneck() const;
  /// Words first, numbers after.
  std::string text() const;
};

}  // namespace penstock
