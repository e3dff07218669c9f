#include "pipelines/picture/svg.h"

#include <cmath>
#include <cstdio>

namespace penstock::pipelines::svg {

std::string number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string pixels(double value) { return number(value, 1); }

std::string tick_text(double value, double step) {
  if (std::abs(value) < step / 2) value = 0;  // no "-0.0"
  return number(value, step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
}

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

std::string shortened(std::string_view name, size_t most) {
  size_t letters = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    if ((static_cast<unsigned char>(name[i]) & 0xc0) == 0x80) continue;
    if (++letters > most) return std::string(name.substr(0, i)) + "...";
  }
  return std::string(name);
}

double nice_step(double range, int parts) {
  const double rough = range / parts;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

std::string text_at(double x, double y, const char* anchor, const char* style, const std::string& text) {
  return "<text class=\"" + std::string(style) + "\" x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\" text-anchor=\"" +
         anchor + "\">" + escaped(text) + "</text>\n";
}

std::string line(const char* style, double x1, double y1, double x2, double y2) {
  return "<line class=\"" + std::string(style) + "\" x1=\"" + pixels(x1) + "\" y1=\"" + pixels(y1) + "\" x2=\"" +
         pixels(x2) + "\" y2=\"" + pixels(y2) + "\"/>\n";
}

std::string head(const Page& page, const std::string& title, const std::string& more_style,
                 const std::string& more_dark) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(page.width, 0) + " " +
         number(page.height, 0) + "\" font-family=\"Helvetica, Arial, sans-serif\" role=\"img\">\n<title>" +
         escaped(title) +
         "</title>\n<style>\n"
         ".page{fill:#ffffff}.title{fill:#1d2433;font-size:18px;font-weight:bold}.axis{fill:#3b4456;font-size:13px}\n"
         ".small{fill:#5c667a;font-size:12px}.grid{stroke:#e3e7ee;stroke-width:1}\n" +
         more_style +
         "@media (prefers-color-scheme: dark){.page{fill:#161b22}.title{fill:#e8edf5}.axis{fill:#c3ccda}"
         ".small{fill:#9aa5b8}.grid{stroke:#2b3340}" +
         more_dark + "}\n</style>\n<rect class=\"page\" width=\"" + number(page.width, 0) + "\" height=\"" +
         number(page.height, 0) + "\"/>\n" + text_at(page.left, 34, "start", "title", title);
}

}  // namespace penstock::pipelines::svg
