#include "models/metrics.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace penstock::metrics {
namespace {

template <class F>
void for_each_record(std::span<const float> logits, std::span<const int64_t> labels, F visit) {
  if (labels.empty()) return;
  PENSTOCK_CHECK(logits.size() % labels.size() == 0);
  const size_t classes = logits.size() / labels.size();
  for (size_t i = 0; i < labels.size(); ++i) {
    PENSTOCK_CHECK(labels[i] >= 0 && labels[i] < static_cast<int64_t>(classes));
    visit(logits.subspan(i * classes, classes), labels[i]);
  }
}

}  // namespace

int64_t rank_of(std::span<const float> logits, int64_t label) {
  const float mine = logits[static_cast<size_t>(label)];
  if (std::isnan(mine)) return static_cast<int64_t>(logits.size()) - 1;
  int64_t rank = 0;
  for (size_t c = 0; c < logits.size(); ++c) {
    if (logits[c] > mine || (logits[c] == mine && static_cast<int64_t>(c) < label)) ++rank;
  }
  return rank;
}

int64_t predicted_class(std::span<const float> logits) {
  // The first of equals wins, as in rank_of.
  size_t best = 0;
  for (size_t c = 1; c < logits.size(); ++c) {
    if (logits[c] > logits[best] || std::isnan(logits[best])) best = c;
  }
  return static_cast<int64_t>(best);
}

double cross_entropy(std::span<const float> logits, int64_t label) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - top);
  return std::log(sum) + top - static_cast<double>(logits[static_cast<size_t>(label)]);
}

double loss_of_probability(double p) {
  constexpr double kLeast = 1e-7;
  return -std::log(std::clamp(p, kLeast, 1 - kLeast));
}

void ClassificationSums::add(std::span<const float> outputs, std::span<const int64_t> labels, Given given) {
  for_each_record(outputs, labels, [&](std::span<const float> row, int64_t label) {
    const int64_t rank = rank_of(row, label);
    ++records;
    loss += given == Given::kLogits ? cross_entropy(row, label) : loss_of_probability(row[static_cast<size_t>(label)]);
    top1 += rank < 1;
    top5 += rank < 5;
  });
}

ClassificationSums& ClassificationSums::operator+=(const ClassificationSums& other) {
  records += other.records;
  loss += other.loss;
  top1 += other.top1;
  top5 += other.top5;
  return *this;
}

ConfusionMatrix::ConfusionMatrix(int64_t classes)
    : ConfusionMatrix(classes, std::vector<int64_t>(static_cast<size_t>(classes * classes))) {}

ConfusionMatrix::ConfusionMatrix(int64_t classes, std::vector<int64_t> counts)
    : classes_(classes), counts_(std::move(counts)) {}

void ConfusionMatrix::add(std::span<const float> logits, std::span<const int64_t> labels) {
  for_each_record(logits, labels, [this](std::span<const float> row, int64_t label) {
    PENSTOCK_CHECK(static_cast<int64_t>(row.size()) == classes_);
    ++counts_[static_cast<size_t>(label * classes_ + predicted_class(row))];
  });
}

ConfusionMatrix& ConfusionMatrix::operator+=(const ConfusionMatrix& other) {
  PENSTOCK_CHECK(classes_ == other.classes_);
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  return *this;
}

double ConfusionMatrix::recall(int64_t truth) const {
  int64_t total = 0;
  for (int64_t p = 0; p < classes_; ++p) total += count(truth, p);
  return total ? static_cast<double>(count(truth, truth)) / static_cast<double>(total) : 0;
}

double ConfusionMatrix::precision(int64_t predicted) const {
  int64_t total = 0;
  for (int64_t t = 0; t < classes_; ++t) total += count(t, predicted);
  return total ? static_cast<double>(count(predicted, predicted)) / static_cast<double>(total) : 0;
}

}  // namespace penstock::metrics
