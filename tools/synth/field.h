// Smooth random surfaces whose spectrum falls with frequency, as that of photographs does.
#pragma once

#include <vector>

#include "tools/synth/dice.h"

namespace penstock::synth {

/// One value a pixel, f32 (height, width), about -1 to 1, mean near 0.
struct Field {
  int width = 0;
  int height = 0;
  std::vector<float> values;

  float at(int x, int y) const {
    return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
  }
};

/// Made by doubling a coarse grid, adding noise each time: `roughness` is the amplitude kept from one octave to the next
/// (0.5: 1/f^2 power, as in photographs; 0: only the coarse shape). O(width * height).
Field fractal_field(int width, int height, float roughness, Dice& dice);

}  // namespace penstock::synth
