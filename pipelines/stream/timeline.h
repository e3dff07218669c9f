// A stream as a picture: which tier gave how much, when.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/data/source.h"
#include "io/file/file_system.h"

namespace penstock::pipelines {

/// Samples of a stream's counters, drawn as an SVG of two panels over the same seconds: MB/s (10^6 bytes) of each tier, and records/s; epochs
/// are parted by dashed lines. A tier's rate is what its device gave (TierUse::bytes_read); for "ram", which has no device, what was served
/// from it (TierUse::bytes_needed). Between two samples a rate is the difference of the counters over the difference of the times, so the area under a
/// line is bytes and nothing is lost by sampling seldom. Memory is bounded: past kMostSamples every other sample is dropped.
/// Not thread-safe.
class Timeline {
 public:
  static constexpr size_t kMostSamples = 4096;

  /// `title` stands above the picture, in plain text.
  explicit Timeline(std::string title) : title_(std::move(title)) {}

  /// Counters as they stand `seconds` after the start: call it some times a second, and once at the end. `epoch` counts from 0. `records` and the tiers'
  /// counters are sums since the start; one that goes down was begun anew (another run of the same stream) and counts from 0. A call that is no later than the one before
  /// is put in its place. Tiers may come and go.
  void add(double seconds, uint64_t epoch, uint64_t records, std::span<const TierUse> tiers);

  /// The picture. Well-formed XML without scripts; light or dark as the reader's browser is set. With less than two samples it says that there is nothing to see.
  std::string svg() const;

  /// Writes svg() to `path`, which appears complete or not at all. Throws penstock::Error(kIo).
  void finish(const std::string& path, io::FileSystem& fs) const;

 private:
  struct Sample {
    double seconds = 0;
    uint64_t records = 0;
    std::vector<uint64_t> bytes;  ///< by tier; those behind its end are 0
  };
  /// A counter that never goes down, made of one that may begin anew.
  struct Sum {
    uint64_t before = 0;
    uint64_t last = 0;
    uint64_t add(uint64_t value);
  };
  struct EpochStart {
    double seconds = 0;
    uint64_t epoch = 0;
  };

  size_t tier_of(const std::string& name);
  void thin_out();

  std::string title_;
  std::vector<std::string> names_;  ///< of tiers, in the order of their first sample
  std::vector<Sum> sums_;
  Sum records_;
  std::vector<Sample> samples_;
  std::vector<EpochStart> epochs_;
};

}  // namespace penstock::pipelines
