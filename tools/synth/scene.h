// Draws one picture of the synthetic set.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/synth/dice.h"

namespace penstock::synth {

/// u8 (height, width, 3), RGB, rows without gaps.
struct Scene {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

/// A dozen of `shape` of random colour, size and turn over a random landscape: soft light, 1/f texture, a horizon, and
/// the noise of a sensor. Only the shape tells the class: colours, light and sizes have the same distribution in all.
Scene draw_scene(int shape, int width, int height, Dice& dice);

}  // namespace penstock::synth
