// Which records the lanes' devices decode while the CPUs decode the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace penstock::device {

enum class Side { kCpu, kGpu };

/// Splits records so that both sides end at the same time: each side's share is its rate over the sum of both, over the last pieces measured (their
/// sum, not their median: threads that are often held up are slow). A record's side is drawn by its id and epoch, by a generator that no stage uses:
/// neighbours go to either side, so that each lane's part of a batch has about its share, and the order is that of the plan.
///
/// A law of Penstock is that no clock decides bytes, and the two decoders differ in last bits: a run that must be the same bytes everywhere sets
/// `fixed`, and a resume then repeats the split; without it the pixels (not order, labels or draws) depend on the machine's pace. Thread-safe.
class HybridShare {
 public:
  struct Options {
    double first = 0.5;                          ///< the GPU's share until both sides were measured
    size_t window = 15;                          ///< pieces of a side that are looked back on
    std::optional<double> fixed = std::nullopt;  ///< the GPU's share, whatever is measured
    double cpu_workers = 1;                      ///< threads that decode at once, each at the rate that is measured
    double gpu_workers = 1;                      ///< lanes, likewise
  };
  /// What a side has left at least, unless fixed, so that it stays measured.
  static constexpr double kLeast = 1.0 / 32;

  /// Error kUsage where a share is not in [0, 1], the window is 0, or nobody works on a side.
  explicit HybridShare(const Options& options);

  /// Who decodes this record in this epoch, by the share as it is now.
  Side side_of(uint64_t id, uint64_t epoch) const;
  double gpu_share() const;
  /// One worker of a side has done a piece: so many records in so long. None is no piece.
  void measured(Side side, size_t records, int64_t ns);

  /// "the lanes decode 62 % at 1200 images/s, the CPUs the rest at 740 images/s": of all workers of a side.
  std::string text() const;

 private:
  struct Piece {
    double records, ns;
  };
  double ns_per_record(Side side) const;  ///< of all workers; 0: not measured
  double share() const;

  const Options options_;
  mutable std::mutex mutex_;
  std::deque<Piece> seen_[2];  ///< the last ones, by side
};

}  // namespace penstock::device
