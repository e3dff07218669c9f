// Named numbers as a picture of bars.
#pragma once

#include <span>
#include <string>

namespace penstock::pipelines {

struct Bar {
  std::string name;
  double value = 0;  ///< not negative
};

/// An SVG of horizontal bars in the order given, each with its name and number; the longest fills the width. Past `most` bars the rest is named by its number
/// and sum ("12 more"). `unit` stands behind each number: "%". Well-formed XML without scripts; light or dark as the reader's browser is set. `title` and names are plain text.
std::string bars_svg(const std::string& title, std::span<const Bar> bars, size_t most = 30,
                     const std::string& unit = "");

}  // namespace penstock::pipelines
