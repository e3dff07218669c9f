// How many records of a batch the GPU decodes while the CPU decodes the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/clock.h"

namespace penstock::device {

enum class Side { kCpu, kGpu };

/// Splits batches so that both sides end at the same time: each side's share is its rate over the sum of both, rates being moving medians of the
/// pieces measured. The first records of a batch go to the GPU and the rest to the CPU, each into its own slot, so the order is that of the plan.
///
/// A law of Penstock is that no clock decides bytes, and the two decoders differ in last bits: a run that must be the same bytes everywhere sets
/// `fixed`, and a resume then repeats the split; without it the pixels (not order, labels or draws) depend on the machine's pace. Thread-safe.
class HybridShare {
 public:
  struct Options {
    double first = 0.5;                          ///< the GPU's share until both sides were measured
    size_t window = 15;                          ///< pieces that a median looks back on
    std::optional<double> fixed = std::nullopt;  ///< the GPU's share, whatever is measured
  };
  /// Error kUsage where a share is not in [0, 1] or the window is 0. The clock must outlive it.
  explicit HybridShare(const Options& options, Clock& clock = Clock::system());

  /// Of `records`, how many go to the GPU. Unless fixed, each side gets one at least of two or more, so that both stay measured.
  size_t gpu_records(size_t records) const;
  /// Of one, as said above.
  double gpu_share() const;

  /// A side's work on a piece of a batch, from begin() to done(). What is not done, because it failed, is not counted.
  class Piece {
   public:
    void done();

   private:
    friend class HybridShare;
    Piece(HybridShare& share, Side side, size_t records, int64_t began_ns)
        : share_(share), side_(side), records_(records), began_ns_(began_ns) {}
    HybridShare& share_;
    Side side_;
    size_t records_;
    int64_t began_ns_;
  };
  Piece begin(Side side, size_t records) { return {*this, side, records, clock_.now_ns()}; }

  /// "the GPU decodes 62 % at 1200 images/s, the CPU the rest at 740 images/s".
  std::string text() const;

 private:
  void measured(Side side, double ns_per_record);
  double ns_per_record(Side side) const;  ///< 0: not measured
  double share() const;

  const Options options_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<double> seen_[2];  ///< ns a record of the last pieces, by side
};

/// Works on records begin ... end - 1 of a batch, and returns when they are done.
using Part = std::function<void(size_t begin, size_t end)>;

/// One batch on both sides at once: `gpu` on the first records, in a thread of its own since it waits for the device, `cpu` on the others in the
/// caller's. Returns when both are done, having measured them; throws what either threw (the CPU's first), once both have ended.
void run_hybrid(HybridShare& share, size_t records, const Part& gpu, const Part& cpu);

}  // namespace penstock::device
