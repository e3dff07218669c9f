// The job `report`: what a run directory says of its run, in words first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/file/file_system.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/train/ledger_proof.h"
#include "pipelines/train/position.h"

namespace penstock::train {

/// What lies in RUN, read without a lock: a run under way can be looked at.
struct RunReport {
  std::string run;
  pipelines::Recipe recipe;
  Totals totals;        ///< up to the newest checkpoint
  uint64_t epochs = 0;  ///< whole ones
  uint64_t steps = 0;
  std::vector<EpochMetrics> metrics;
  std::vector<EpochProof> proofs;
  std::string machine;  ///< "Intel ..., 2 threads"
  std::string device;
  unsigned torch_threads = 0;
  bool has_report = false;   ///< the run stopped by itself, so report.json is there
  std::string weights_xxh3;  ///< where has_report
  uint64_t quarantined = 0;  ///< lines of quarantine.jsonl
  /// What stands against "every record exactly once an epoch": steps that the ledger does not cover, faults of its entries.
  std::vector<std::string> doubts;
  std::vector<std::string> notes;  ///< damaged checkpoints that were passed over

  /// The ledger covers every step up to the newest checkpoint, and nothing in it contradicts the plan.
  bool proven() const { return doubts.empty(); }
};

/// Throws Error kUsage where `run` is no run, kData where it is damaged.
RunReport read_run(io::FileSystem& fs, const std::string& run);

std::string report_text(const RunReport& report);
std::string report_json(const RunReport& report);
/// What differs: recipe keys, speed, where the time went, accuracy.
std::string comparison_text(const RunReport& first, const RunReport& second);

}  // namespace penstock::train
