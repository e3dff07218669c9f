#include "pipelines/picture/bars.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

namespace penstock::pipelines {
namespace {

constexpr double kWidth = 960, kBarsLeft = 250, kBarsRight = 850, kTop = 60, kStep = 26, kThick = 16;
// Names that are longer would run out of the picture on the left.
constexpr size_t kNameLetters = 32;

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string pixels(double value) { return number("%.1f", value); }

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

/// At most kNameLetters letters of UTF-8, never cut within one.
std::string shortened(const std::string& name) {
  size_t letters = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    if ((static_cast<unsigned char>(name[i]) & 0xc0) == 0x80) continue;
    if (++letters > kNameLetters) return name.substr(0, i) + "...";
  }
  return name;
}

std::string text_at(double x, double y, const char* anchor, const char* style, const std::string& text) {
  return "<text class=\"" + std::string(style) + "\" x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\" text-anchor=\"" +
         anchor + "\">" + escaped(text) + "</text>\n";
}

std::string bar_at(size_t place, const Bar& bar, double most) {
  const double top = kTop + kStep * static_cast<double>(place);
  const double share = most > 0 && std::isfinite(bar.value) ? std::max(0.0, bar.value) / most : 0;
  const double width = (kBarsRight - kBarsLeft) * share;
  return text_at(kBarsLeft - 10, top + 13, "end", "name", shortened(bar.name)) + "<rect class=\"bar\" x=\"" +
         pixels(kBarsLeft) + "\" y=\"" + pixels(top) + "\" width=\"" + pixels(width) + "\" height=\"" + pixels(kThick) +
         "\" rx=\"2\"><title>" + escaped(bar.name) + "</title></rect>\n" +
         text_at(kBarsLeft + width + 8, top + 13, "start", "small", number("%.4g", bar.value));
}

}  // namespace

std::string bars_svg(const std::string& title, std::span<const Bar> bars, size_t most) {
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
  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number("%.0f", kWidth) + " " +
      number("%.0f", height) + "\" font-family=\"Helvetica, Arial, sans-serif\" role=\"img\">\n<title>" +
      escaped(title) +
      "</title>\n<style>\n.page{fill:#ffffff}.title{fill:#1d2433;font-size:18px;font-weight:bold}"
      ".name{fill:#3b4456;font-size:13px}.small{fill:#5c667a;font-size:12px}.bar{fill:#2f7fd0}\n"
      "@media (prefers-color-scheme: dark){.page{fill:#161b22}.title{fill:#e8edf5}.name{fill:#c3ccda}"
      ".small{fill:#9aa5b8}}\n</style>\n<rect class=\"page\" width=\"" +
      number("%.0f", kWidth) + "\" height=\"" + number("%.0f", height) + "\"/>\n" +
      text_at(24, 34, "start", "title", title);
  if (shown.empty()) out += text_at(kWidth / 2, kTop + 16, "middle", "name", "There is nothing to show.");
  for (size_t i = 0; i < shown.size(); ++i) out += bar_at(i, shown[i], longest);
  return out + "</svg>\n";
}

}  // namespace penstock::pipelines
