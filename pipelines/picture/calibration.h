// How often what was given a probability came true, as a picture.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace penstock::pipelines {

/// The reliability diagram of a binary prediction (A. Niculescu-Mizil, R. Caruana, Predicting Good Probabilities with Supervised Learning, 2005): in each tenth of
/// [0, 1] the mean probability against the share that was positive, with the 95 % interval of that share (Wilson's), over a histogram of the probabilities.
/// Not thread-safe.
class Calibration {
 public:
  static constexpr size_t kBins = 10;

  explicit Calibration(std::string title) : title_(std::move(title)) {}

  /// `actual` is 0 or 1, `predicted` the probability of 1; anything else is left out and counted.
  void add(double actual, double predicted);
  /// Well-formed XML without scripts; light or dark as the reader's browser is set.
  std::string svg() const;

 private:
  struct Bin {
    uint64_t records = 0, positives = 0;
    double sum = 0;
  };
  std::string title_;
  std::array<Bin, kBins> bins_{};
  uint64_t records_ = 0, left_out_ = 0;
};

}  // namespace penstock::pipelines
