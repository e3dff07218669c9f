// What the learner was given, step by step: the proof of "every record exactly once" is made from it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/order/epoch_plan.h"
#include "io/file/framed_log.h"
#include "pipelines/train/taken.h"

namespace penstock::train {

/// "LDGR", little-endian.
inline constexpr uint32_t kLedgerKind = 0x5247444C;

/// From here on epochs follow this plan. Written each time a pass begins; what comes twice says the same.
struct LedgerPlan {
  uint64_t epoch = 0;
  uint64_t data = 0;  ///< digest of the data set
  PlanOptions plan;
};

/// A record that was refused while a batch was made. Where and why stands in quarantine.jsonl.
struct LedgerRefusal {
  uint64_t record = 0;
  uint64_t position = 0;
  uint32_t attempt = 0;
  bool replaced = false;
  uint64_t replacement = 0;
};

/// One batch that the learner took.
struct LedgerStep {
  uint64_t epoch = 0;
  uint64_t step = 0;
  uint64_t count = 0;
  uint64_t ids_xxh3 = 0;  ///< over the record ids, u64 little-endian, in batch order
  std::vector<LedgerRefusal> refusals;
};

using LedgerEntry = std::variant<LedgerPlan, LedgerStep>;

/// XXH3-64 over ids as in LedgerStep.
uint64_t ids_xxh3(std::span<const uint64_t> ids);

/// Appends to RUN/ledger/seen.log: 41 bytes and a frame's 16 a step. One thread.
class LedgerWriter {
 public:
  LedgerWriter(io::FileSystem& fs, const std::string& path) : log_(fs, path, kLedgerKind) {}

  void plan(const LedgerPlan& plan);
  void step(const Taken& taken);
  void flush() { log_.flush(); }
  void sync() { log_.sync(); }
  uint64_t offset() const { return log_.offset(); }
  void cut_back(uint64_t offset) { log_.cut_back(offset); }

 private:
  io::FramedLogWriter log_;
};

/// All whole entries in order. Throws kData for a frame that makes no sense.
std::vector<LedgerEntry> read_ledger(io::FileSystem& fs, const std::string& path);

}  // namespace penstock::train
