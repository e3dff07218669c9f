// Where the time of a training went, summed over its epochs, phases and resumes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/run/report.h"
#include "pipelines/job/together.h"
#include "stages/device/decode_share.h"
#include "stages/learn/rows_brought.h"

namespace penstock::train {

/// Sums of what Runs and the lane report. Kept in every checkpoint, so that a run that was killed still knows.
struct Totals {
  double seconds = 0;            ///< wall time of the training, evaluations and checkpoints included
  double data_wait_seconds = 0;  ///< in Run::next() of the training
  double step_seconds = 0;       ///< in the lane: upload, forward, backward, update
  double evaluation_seconds = 0;
  double checkpoint_seconds = 0;
  double pass_seconds = 0;  ///< wall time of the training's Runs: what shares of stages are shares of
  uint64_t records = 0;     ///< that the learner took
  uint64_t batches = 0;
  uint64_t rejected = 0;
  uint64_t replaced = 0;
  uint64_t bytes_read = 0;
  uint64_t peak_budget_bytes = 0;
  unsigned threads = 0;
  std::vector<StageReport> stages;  ///< as in Report, summed by name in the order first met
  std::vector<TierUse> tiers;       ///< likewise
  device::DecodeCounts decoders;    ///< where lanes decode too; else empty
  learn::RowsBrought rows;          ///< of embeddings trained row by row, by the lanes of the process that keeps RUN

  /// Adds what one Run of the training says of itself.
  void add(const Report& report);
  /// Records a second while steps are taken: evaluations and checkpoints left out.
  double records_per_second() const;
  /// As one Run: for bottleneck() and text().
  Report as_report() const;

  /// One line of JSON, and back. from_json throws Error kData for another text.
  std::string to_json() const;
  static Totals from_json(std::string_view text);
};

/// Of all processes. A call of all of them.
device::DecodeCounts over_all(Together& together, const device::DecodeCounts& mine);

}  // namespace penstock::train
