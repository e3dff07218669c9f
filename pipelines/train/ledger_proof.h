// "Every record exactly once per epoch", proven from what lies in a run directory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::train {

/// What one epoch's entries of the ledger prove.
struct EpochProof {
  uint64_t epoch = 0;        ///< from 0
  uint64_t records = 0;      ///< of the data set
  uint64_t seen_once = 0;    ///< records that their own position gave to the learner
  uint64_t quarantined = 0;  ///< records refused at their own position, each named in quarantine.jsonl
  uint64_t replaced = 0;     ///< slots of quarantined records that another record filled
  uint64_t left_out = 0;     ///< data.last = "drop": records of the unfinished last batch
  uint64_t wrapped = 0;      ///< data.last = "wrap": records seen again to fill the last batch
  uint64_t steps = 0;
  uint64_t steps_planned = 0;
  std::vector<std::string> faults;  ///< what contradicts the plan; the first ten

  bool is_whole() const { return steps == steps_planned; }
  /// A whole epoch without a contradiction.
  bool holds() const { return is_whole() && faults.empty(); }
  /// "epoch 3: 1000 records, 998 seen once, 2 quarantined and replaced": one line; epochs count from 1.
  std::string text() const;
};

/// Recomputes the plan of every epoch in RUN/ledger and compares: each step once and in order, the ids that the learner got (by
/// XXH3), each replacement the one that the plan names, each refusal a line of quarantine.jsonl and the other way round. Needs
/// neither data nor recipe, and two bits a record. Throws kIo and kData where the files cannot be read.
std::vector<EpochProof> prove_ledger(io::FileSystem& fs, const std::string& run);

}  // namespace penstock::train
