// Who decodes which record of a training, and how many each did.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "stages/device/hybrid_share.h"

namespace penstock::device {

/// Sums over a training. All of them add up over processes and resumes.
struct DecodeCounts {
  struct By {
    uint64_t records = 0;
    double busy_seconds = 0;  ///< of its threads, or of its lanes
    double records_per_second() const { return busy_seconds > 0 ? static_cast<double>(records) / busy_seconds : 0; }
  };
  By cpu, lanes;
  /// Of the CPUs', why: the record was not verified yet; no device decodes such pictures; it has too many bytes; its lane's decoder gave it back.
  uint64_t not_verified = 0, other_kinds = 0, too_long = 0, given_back = 0;

  void add(const DecodeCounts& other);
  bool empty() const { return cpu.records + lanes.records == 0; }
  /// "the lanes decoded 96 records at 1200 images/s a lane, the CPUs 31 at 410 images/s a thread (8 were not verified yet, ...)".
  std::string text() const;
};

/// Shared by the stages, which ask who decodes a record, and the lanes, which decode what they are given. Thread-safe.
class DecodeShare {
 public:
  struct Options {
    bool hybrid = false;                    ///< false: all that a device can do goes to the lanes
    uint64_t most_encoded_bytes = 1 << 18;  ///< room that each record of a batch has
    HybridShare::Options share = {};
  };
  /// The clock must outlive it.
  explicit DecodeShare(const Options& options, Clock& clock = Clock::system());

  uint64_t most_encoded_bytes() const { return options_.most_encoded_bytes; }
  Clock& clock() const { return clock_; }
  Side side_of(uint64_t id, uint64_t epoch) const { return options_.hybrid ? share_.side_of(id, epoch) : Side::kGpu; }

  enum class Why { kItsShare, kNotVerified, kOtherKind, kTooLong };
  /// A thread has decoded one record in so long.
  void cpu_did(Why why, int64_t ns);
  /// A lane has decoded a part of a batch in so long; `given_back` more the CPU decoded in its place.
  void lane_did(uint64_t records, uint64_t given_back, int64_t ns);

  DecodeCounts counts() const;

 private:
  const Options options_;
  Clock& clock_;
  HybridShare share_;
  mutable std::mutex mutex_;
  DecodeCounts counts_;
  uint64_t piece_records_ = 0;
  int64_t piece_ns_ = 0;
};

}  // namespace penstock::device
