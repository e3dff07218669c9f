#include "pipelines/trees/scores.h"

#include <algorithm>
#include <cmath>

namespace penstock::trees {
namespace {

constexpr double kLeast = 1e-7;

double log_of(double p) { return std::log(std::clamp(p, kLeast, 1 - kLeast)); }

}  // namespace

void Scores::add(const float* prediction, size_t outputs, float target) {
  if (!std::isfinite(target) || (task_ != classic::TreesTask::kRegression && target < 0)) return;
  ++rows_;
  switch (task_) {
    case classic::TreesTask::kRegression: return add_number(prediction[0], target);
    case classic::TreesTask::kBinary:
      loss_ -= target > 0 ? log_of(prediction[0]) : log_of(1 - static_cast<double>(prediction[0]));
      right_ += (prediction[0] > 0.5f) == (target > 0);
      (target > 0 ? ones_ : zeros_).push_back(prediction[0]);
      return;
    case classic::TreesTask::kClasses: return add_class(prediction, outputs, static_cast<size_t>(target));
  }
}

void Scores::add_number(double predicted, double target) {
  loss_ += (predicted - target) * (predicted - target);
  const double truth = transform_.invert(target), off = transform_.invert(predicted) - truth;
  squares_ += off * off;
  absolute_ += std::abs(off);
  if (truth == 0) return;
  relative_ += off / truth * (off / truth);
  ++relative_rows_;
}

void Scores::add_class(const float* p, size_t outputs, size_t label) {
  if (label >= outputs) return;
  size_t before = 0;
  for (size_t k = 0; k < outputs; ++k) before += p[k] > p[label] || (p[k] == p[label] && k < label);
  right_ += before == 0;
  loss_ -= log_of(p[label]);
}

double Scores::auc() const {
  // Pairs of a one and a zero that are in the right order: counted by merging both, sorted.
  std::vector<float> zeros = zeros_, ones = ones_;
  std::sort(zeros.begin(), zeros.end());
  std::sort(ones.begin(), ones.end());
  double right = 0;
  size_t below = 0, upto = 0;
  for (const float one : ones) {
    while (below < zeros.size() && zeros[below] < one) ++below;
    while (upto < zeros.size() && zeros[upto] <= one) ++upto;
    right += static_cast<double>(below) + 0.5 * static_cast<double>(upto - below);
  }
  return right / (static_cast<double>(zeros.size()) * static_cast<double>(ones.size()));
}

std::vector<Score> Scores::all() const {
  if (rows_ == 0) return {};
  const double n = static_cast<double>(rows_);
  std::vector<Score> out = {{"loss", loss_ / n}};
  switch (task_) {
    case classic::TreesTask::kRegression:
      if (relative_rows_ > 0) out.emplace_back("rmspe", std::sqrt(relative_ / static_cast<double>(relative_rows_)));
      out.emplace_back("rmse", std::sqrt(squares_ / n));
      out.emplace_back("mae", absolute_ / n);
      return out;
    case classic::TreesTask::kBinary:
      if (!zeros_.empty() && !ones_.empty()) out.emplace_back("auc", auc());
      break;
    case classic::TreesTask::kClasses: break;
  }
  out.emplace_back("log_loss", loss_ / n);
  out.emplace_back("accuracy", static_cast<double>(right_) / n);
  return out;
}

}  // namespace penstock::trees
