#include "pipelines/picture/scatter.h"

#include <algorithm>
#include <cmath>

#include "pipelines/picture/svg.h"

namespace penstock::pipelines {
namespace {

constexpr double kLeft = 96, kTop = 64, kSide = 560;
constexpr svg::Page kPage{.width = 700, .height = 700, .left = kLeft};

/// The value below which the share `q` of `values` lies.
double quantile(std::vector<double>& values, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

}  // namespace

void Scatter::add(double actual, double predicted) {
  if (!std::isfinite(actual) || !std::isfinite(predicted)) {
    ++left_out_;
    return;
  }
  ++pairs_;
  if (settled_) return count({actual, predicted});
  sample_.push_back({actual, predicted});
  if (sample_.size() == kSample) settle();
}

void Scatter::settle() {
  settled_ = true;
  cells_.assign(kCells * kCells, 0);
  std::vector<double> values;
  for (const Pair& pair : sample_) {
    values.push_back(pair.actual);
    values.push_back(pair.predicted);
  }
  if (!values.empty()) {
    low_ = quantile(values, 0.005);
    high_ = quantile(values, 0.995);
    if (low_ > 0 && low_ < high_ / 3) low_ = 0;  // an axis that begins at 0 where it nearly does
  }
  if (high_ <= low_) high_ = low_ + std::max(1.0, std::abs(low_));
  for (const Pair& pair : sample_) count(pair);
  sample_ = {};
}

void Scatter::count(const Pair& pair) {
  const auto cell = [&](double value) {
    const double place = (value - low_) / (high_ - low_) * kCells;
    return static_cast<size_t>(std::clamp(place, 0.0, kCells - 1.0));
  };
  const auto within = [&](double value) { return value >= low_ && value <= high_; };
  if (!within(pair.actual) || !within(pair.predicted)) ++outside_;
  ++cells_[cell(pair.predicted) * kCells + cell(pair.actual)];
}

std::string Scatter::svg() {
  if (!settled_) settle();
  const auto at = [&](double value) { return kSide * (value - low_) / (high_ - low_); };
  std::string out = svg::head(kPage, title_, ".cell{fill:#2f7fd0}.right{stroke:#d9622b;stroke-width:1.5}\n",
                              ".cell{fill:#62a8ee}.right{stroke:#f0925f}");
  const double step = svg::nice_step(high_ - low_, 6);
  for (double value = step * std::ceil(low_ / step - 1e-9); value <= high_ + 1e-9 * step; value += step) {
    const double x = kLeft + at(value), y = kTop + kSide - at(value);
    out += svg::line("grid", kLeft, y, kLeft + kSide, y) + svg::line("grid", x, kTop, x, kTop + kSide);
    out += svg::text_at(kLeft - 8, y + 4, "end", "small", svg::tick_text(value, step));
    out += svg::text_at(x, kTop + kSide + 18, "middle", "small", svg::tick_text(value, step));
  }
  const uint64_t most = std::max<uint64_t>(1, *std::ranges::max_element(cells_));
  const double width = kSide / kCells;
  for (size_t row = 0; row < kCells; ++row) {
    for (size_t column = 0; column < kCells; ++column) {
      const uint64_t n = cells_[row * kCells + column];
      if (n == 0) continue;
      // Logarithmic: one pair is to be seen beside ten thousand.
      const double shade = 0.12 + 0.88 * std::log1p(static_cast<double>(n)) / std::log1p(static_cast<double>(most));
      out += "<rect class=\"cell\" x=\"" + svg::pixels(kLeft + width * static_cast<double>(column)) + "\" y=\"" +
             svg::pixels(kTop + kSide - width * static_cast<double>(row + 1)) + "\" width=\"" + svg::number(width, 2) +
             "\" height=\"" + svg::number(width, 2) + "\" fill-opacity=\"" + svg::number(shade, 3) + "\"/>\n";
    }
  }
  out += svg::line("right", kLeft, kTop + kSide, kLeft + kSide, kTop);
  out += svg::text_at(kLeft + kSide / 2, kTop + kSide + 42, "middle", "axis",
                      "actual" + (unit_.empty() ? "" : ", " + unit_));
  out += svg::text_at(kLeft + kSide, kTop - 10, "end", "small", "on the line, predictions are right");
  out += svg::text_at(kLeft, kTop - 10, "start", "axis", "predicted" + (unit_.empty() ? "" : ", " + unit_));
  std::string words = std::to_string(pairs_) + " records";
  if (outside_ > 0) words += ", " + std::to_string(outside_) + " of them outside of the axes, at the edge";
  if (left_out_ > 0) words += "; " + std::to_string(left_out_) + " without a finite value left out";
  return out + svg::text_at(kLeft + kSide, kTop + kSide + 62, "end", "small", words) + "</svg>\n";
}

}  // namespace penstock::pipelines
