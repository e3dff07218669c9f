// What Penstock's pictures share: axes, texts and colours of an SVG.
#pragma once

#include <string>
#include <string_view>

namespace penstock::pipelines::svg {

std::string number(double value, int decimals);
/// A coordinate.
std::string pixels(double value);
/// 0.5, 12, 3400: as many digits as an axis with that step needs.
std::string tick_text(double value, double step);
/// For XML; control characters become blanks.
std::string escaped(std::string_view text);
/// At most so many letters of UTF-8, never cut within one; what is cut ends in "...".
std::string shortened(std::string_view name, size_t most);
/// 1, 2 or 5 times a power of ten, about a `parts`-th of `range` (> 0).
double nice_step(double range, int parts);

/// `anchor`: start, middle, end. `style`: a class of head(): title, axis, small.
std::string text_at(double x, double y, const char* anchor, const char* style, const std::string& text);
/// `style`: a class of head(): grid, epoch, or one of `more_style`.
std::string line(const char* style, double x1, double y1, double x2, double y2);

struct Page {
  double width = 960;
  double height = 560;
  double left = 74;  ///< where the title begins
};
/// The head of the file: light and dark colours as the reader's browser is set, the page and its title. `more_style`: CSS of the picture's own, `more_dark` what
/// of it is otherwise on a dark page. The file ends with "</svg>\n".
std::string head(const Page& page, const std::string& title, const std::string& more_style = "",
                 const std::string& more_dark = "");

}  // namespace penstock::pipelines::svg
