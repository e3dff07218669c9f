#include "pipelines/picture/bars.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "pipelines/picture/svg.h"

namespace penstock::pipelines {
namespace {

using svg::escaped;
using svg::head;
using svg::pixels;
using svg::text_at;

constexpr double kWidth = 960, kBarsLeft = 250, kBarsRight = 850, kTop = 60, kStep = 26, kThick = 16;
// Names that are longer would run out of the picture on the left.
constexpr size_t kNameLetters = 32;

std::string value_text(double value, const std::string& unit) {
  char text[64];
  std::snprintf(text, sizeof text, unit.empty() ? "%.4g" : "%.3g", value);
  return unit.empty() ? text : text + (" " + unit);
}

std::string bar_at(size_t place, const Bar& bar, double most, const std::string& unit) {
  const double top = kTop + kStep * static_cast<double>(place);
  const double share = most > 0 && std::isfinite(bar.value) ? std::max(0.0, bar.value) / most : 0;
  const double width = (kBarsRight - kBarsLeft) * share;
  return text_at(kBarsLeft - 10, top + 13, "end", "axis", svg::shortened(bar.name, kNameLetters)) +
         "<rect class=\"bar\" x=\"" + pixels(kBarsLeft) + "\" y=\"" + pixels(top) + "\" width=\"" + pixels(width) +
         "\" height=\"" + pixels(kThick) + "\" rx=\"2\"><title>" + escaped(bar.name) + "</title></rect>\n" +
         text_at(kBarsLeft + width + 8, top + 13, "start", "small", value_text(bar.value, unit));
}

}  // namespace

std::string bars_svg(const std::string& title, std::span<const Bar> bars, size_t most, const std::string& unit) {
  std::vector<Bar> shown(bars.begin(), bars.begin() + static_cast<ptrdiff_t>(std::min(most, bars.size())));
  if (shown.size() < bars.size()) {
    Bar rest{.name = std::to_string(bars.size() - shown.size()) + " more"};
    for (const Bar& bar : bars.subspan(shown.size())) rest.value += bar.value;
    shown.push_back(rest);
  }
  double longest = 0;
  for (const Bar& bar : shown)
    if (std::isfinite(bar.value)) longest = std::max(longest, bar.value);
  const double height = kTop + kStep * static_cast<double>(std::max<size_t>(1, shown.size())) + 24;
  std::string out = head({.width = kWidth, .height = height, .left = 24}, title, ".bar{fill:#2f7fd0}");
  if (shown.empty()) out += text_at(kWidth / 2, kTop + 16, "middle", "axis", "There is nothing to show.");
  for (size_t i = 0; i < shown.size(); ++i) out += bar_at(i, shown[i], longest, unit);
  return out + "</svg>\n";
}

}  // namespace penstock::pipelines
