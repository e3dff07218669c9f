// Evaluation and inference bring the next batch up while the lanes are at work on the one before.
#pragma once

#include <utility>

#include "engine/run/run.h"
#include "pipelines/train/lanes.h"

namespace penstock::train {

/// The batches of a run, in order. Where lanes compute on devices, and the run has room for two, the batch after the one that is given out is
/// fetched and its upload begun before. Both must outlive it. One thread. Not where other runs in the same budget go on only with this one's batches:
/// `looks_ahead` false.
class OneAhead {
 public:
  OneAhead(Run& run, Lanes& lanes, bool looks_ahead)
      : run_(run), lanes_(lanes), looks_ahead_(looks_ahead && lanes.compute_elsewhere() && run.most_batches() > 1) {}
  ~OneAhead() { lanes_.forget_prepared(); }
  OneAhead(const OneAhead&) = delete;
  OneAhead& operator=(const OneAhead&) = delete;

  /// An empty one at the end. Throws what ended the run, maybe a batch early.
  Batch next() {
    if (!looks_ahead_) return run_.next();
    // The first one too: places of the upload ring are given out in the order of preparing.
    Batch batch = ahead_ ? std::exchange(ahead_, {}) : prepared();
    if (batch) ahead_ = prepared();
    return batch;
  }

 private:
  Batch prepared() {
    Batch batch = run_.next();
    if (batch && batch.size() > 0) lanes_.prepare(batch);
    return batch;
  }

  Run& run_;
  Lanes& lanes_;
  bool looks_ahead_;
  Batch ahead_;
};

}  // namespace penstock::train
