#include "models/metrics/binary.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"

namespace penstock::metrics {
namespace {

std::vector<float> sorted(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

double binary_cross_entropy(double logit, bool truth) {
  const double against = truth ? -logit : logit;  // log(1 + exp(against))
  return std::max(against, 0.0) + std::log1p(std::exp(-std::abs(against)));
}

void BinarySums::add(std::span<const float> outputs, std::span<const float> targets, Given given) {
  PENSTOCK_CHECK(outputs.size() == targets.size());
  const bool logits = given == Given::kLogits;
  const float middle = logits ? 0 : 0.5F;
  for (size_t i = 0; i < targets.size(); ++i) {
    const bool truth = targets[i] > 0.5F;
    const double output = outputs[i];
    const float score = std::isnan(outputs[i]) ? -std::numeric_limits<float>::infinity() : outputs[i];
    (truth ? positives_ : negatives_).push_back(score);
    loss_ += logits ? binary_cross_entropy(output, truth) : loss_of_probability(truth ? output : 1 - output);
    right_ += (score > middle) == truth;
  }
}

BinarySums& BinarySums::operator+=(const BinarySums& other) {
  positives_.insert(positives_.end(), other.positives_.begin(), other.positives_.end());
  negatives_.insert(negatives_.end(), other.negatives_.begin(), other.negatives_.end());
  loss_ += other.loss_;
  right_ += other.right_;
  return *this;
}

double BinarySums::log_loss() const { return records() > 0 ? loss_ / static_cast<double>(records()) : 0; }

double BinarySums::accuracy() const {
  return records() > 0 ? static_cast<double>(right_) / static_cast<double>(records()) : 0;
}

double BinarySums::auc() const {
  if (positives_.empty() || negatives_.empty()) return 0.5;
  const std::vector<float> high = sorted(positives_), low = sorted(negatives_);
  // Twice the number of pairs that are in order: exact up to 2^53 pairs, and rounded beyond.
  double pairs = 0;
  size_t below = 0, up_to = 0;  // negatives that score lower, and not higher, than this positive
  for (const float score : high) {
    while (below < low.size() && low[below] < score) ++below;
    up_to = std::max(up_to, below);
    while (up_to < low.size() && low[up_to] == score) ++up_to;
    pairs += static_cast<double>(below + up_to);
  }
  return pairs / 2 / static_cast<double>(high.size()) / static_cast<double>(low.size());
}

}  // namespace penstock::metrics
