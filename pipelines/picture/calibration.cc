#include "pipelines/picture/calibration.h"

#include <algorithm>
#include <cmath>

#include "pipelines/picture/svg.h"

namespace penstock::pipelines {
namespace {

constexpr double kLeft = 96, kTop = 64, kSide = 480, kBarsTop = 596, kBarsHeight = 84;
constexpr svg::Page kPage{.width = 620, .height = 770, .left = kLeft};
constexpr double kTwoSided95 = 1.959964;  // quantile of the normal distribution

/// Wilson's interval of a share: E. B. Wilson, JASA 22, 1927.
std::pair<double, double> interval(double share, double n) {
  const double z2 = kTwoSided95 * kTwoSided95;
  const double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kTwoSided95 / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

}  // namespace

void Calibration::add(double actual, double predicted) {
  if ((actual != 0 && actual != 1) || !(predicted >= 0 && predicted <= 1)) {
    ++left_out_;
    return;
  }
  Bin& bin = bins_[std::min(kBins - 1, static_cast<size_t>(predicted * kBins))];
  ++bin.records;
  bin.positives += actual == 1;
  bin.sum += predicted;
  ++records_;
}

std::string Calibration::svg() const {
  const auto x_of = [](double value) { return kLeft + kSide * value; };
  const auto y_of = [](double value) { return kTop + kSide - kSide * value; };
  std::string out =
      svg::head(kPage, title_,
                ".dot{fill:#2f7fd0}.whisker{stroke:#2f7fd0;stroke-width:2}.bar{fill:#2f7fd0;fill-opacity:0.6}"
                ".right{stroke:#d9622b;stroke-width:1.5}\n",
                ".dot,.bar{fill:#62a8ee}.whisker{stroke:#62a8ee}.right{stroke:#f0925f}");
  constexpr double kStep = 0.2;
  for (int i = 0; i <= 5; ++i) {
    const double value = kStep * i;
    out += svg::line("grid", kLeft, y_of(value), kLeft + kSide, y_of(value)) +
           svg::line("grid", x_of(value), kTop, x_of(value), kTop + kSide) +
           svg::text_at(kLeft - 8, y_of(value) + 4, "end", "small", svg::tick_text(value, kStep)) +
           svg::text_at(x_of(value), kBarsTop + kBarsHeight + 18, "middle", "small", svg::tick_text(value, kStep));
  }
  out += svg::line("right", kLeft, kTop + kSide, kLeft + kSide, kTop);
  uint64_t most = 1;
  for (const Bin& bin : bins_) most = std::max(most, bin.records);
  for (size_t b = 0; b < kBins; ++b) {
    const Bin& bin = bins_[b];
    if (bin.records == 0) continue;
    const auto n = static_cast<double>(bin.records);
    const double share = static_cast<double>(bin.positives) / n, x = x_of(bin.sum / n);
    const auto [low, high] = interval(share, n);
    out += svg::line("whisker", x, y_of(low), x, y_of(high));
    out += "<circle class=\"dot\" cx=\"" + svg::pixels(x) + "\" cy=\"" + svg::pixels(y_of(share)) +
           "\" r=\"5\"><title>" + std::to_string(bin.positives) + " of " + std::to_string(bin.records) +
           "</title></circle>\n";
    const double height = kBarsHeight * n / static_cast<double>(most), width = kSide / kBins;
    out += "<rect class=\"bar\" x=\"" + svg::pixels(kLeft + width * static_cast<double>(b) + 2) + "\" y=\"" +
           svg::pixels(kBarsTop + kBarsHeight - height) + "\" width=\"" + svg::pixels(width - 4) + "\" height=\"" +
           svg::pixels(height) + "\"><title>" + std::to_string(bin.records) + "</title></rect>\n";
  }
  out += svg::line("grid", kLeft, kBarsTop + kBarsHeight, kLeft + kSide, kBarsTop + kBarsHeight);
  out += svg::text_at(kLeft, kTop - 10, "start", "axis", "share that was positive, with its 95 % interval");
  out += svg::text_at(kLeft, kBarsTop - 8, "start", "axis", "records");
  out += svg::text_at(kLeft - 8, kBarsTop + 4, "end", "small", std::to_string(most));
  out += svg::text_at(kLeft - 8, kBarsTop + kBarsHeight + 4, "end", "small", "0");
  out += svg::text_at(kLeft + kSide / 2, kBarsTop + kBarsHeight + 42, "middle", "axis", "predicted probability");
  std::string words = std::to_string(records_) + " records";
  if (left_out_ > 0) words += "; " + std::to_string(left_out_) + " without a probability left out";
  out += svg::text_at(kLeft, kPage.height - 22, "start", "small", "on the line, probabilities come true");
  return out + svg::text_at(kLeft + kSide, kPage.height - 22, "end", "small", words) + "</svg>\n";
}

}  // namespace penstock::pipelines
