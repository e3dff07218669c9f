// Words on pictures, in a font of 5 x 8 pixels: captions of contact sheets.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "stages/image/pixels.h"

namespace penstock::image {

inline constexpr int kGlyphWidth = 5, kGlyphHeight = 8;
inline constexpr int kGlyphAdvance = 6;  ///< from one character to the next

/// What of `text` fits in `width` pixels; "..." in the place of what was cut.
std::string fitted_text(std::string_view text, int width, int scale);

/// Draws `text` with its upper left corner at (x, y), each of its pixels `scale` large; what lies outside of the picture is left out. What
/// is not printable ASCII becomes '?'.
void draw_text(Picture& picture, int x, int y, std::string_view text, int scale, const Colour& colour);

}  // namespace penstock::image
