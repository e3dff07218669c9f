// Quantiles of a stream, in parts that merge.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace penstock::table {

/// A ladder of buffers (Manku, Rajagopalan and Lindsay 1998, with merging as in Agarwal et al. 2012, "Mergeable Summaries"): level h holds values that count 2^h each.
/// A level with more than 2 kWidth of them is sorted and every other one goes up, the odd and the even ones in turn; no dice, so the
/// same parts merged in the same order give the same answer.
///
/// Exact up to 2 kWidth values (8192). Beyond, a level moves the rank of a value by at most 2^h each time it is emptied, which for n values happens at most
/// n / (2^h 2 kWidth) times: so a rank is off by at most n log2(n / kWidth) / (2 kWidth), 0.2 % of n for 10^9 values; in practice a twentieth of that, since
/// what odd and even ones do cancels.
class Quantiles {
 public:
  static constexpr size_t kWidth = 4096;

  /// No NaN.
  void add(double value);
  void merge(const Quantiles& other);
  uint64_t count() const { return count_; }
  /// The bound above, in ranks.
  uint64_t error() const;
  /// The value below which a share `q` of all lies, for each of `shares` (ascending, 0 to 1): between two values, the mean by distance.
  /// NaN where there are none.
  std::vector<double> at(std::span<const double> shares) const;
  double median() const;
  uint64_t bytes() const;

 private:
  void settle(size_t level);

  struct Level {
    std::vector<double> values;
    bool odd = false;  ///< which ones go up next
  };
  std::vector<Level> levels_;
  uint64_t count_ = 0;
};

}  // namespace penstock::table
