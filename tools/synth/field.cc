#include "tools/synth/field.h"

#include <cstdint>

namespace penstock::synth {
namespace {

// Twice as fine: the samples of `coarse` become every second one, those between are means of their neighbours.
Field doubled(const Field& coarse, int width, int height, float amplitude, Dice& dice) {
  Field fine{width, height, std::vector<float>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height))};
  auto out = fine.values.begin();
  std::uint64_t bits = 0;
  int left = 0;
  for (int y = 0; y < height; ++y) {
    const int y0 = y / 2;
    const int y1 = y0 + y % 2;
    for (int x = 0; x < width; ++x) {
      const int x0 = x / 2;
      const int x1 = x0 + x % 2;
      if (left == 0) {
        bits = dice.next();
        left = 4;
      }
      const float noise = static_cast<float>(bits & 0xffff) * (2.0f / 65535.0f) - 1.0f;
      bits >>= 16;
      --left;
      const float mean = 0.25f * (coarse.at(x0, y0) + coarse.at(x1, y0) + coarse.at(x0, y1) + coarse.at(x1, y1));
      *out++ = mean + amplitude * noise;
    }
  }
  return fine;
}

Field grown(int width, int height, float roughness, float& amplitude, Dice& dice) {
  if (width <= 4 && height <= 4) {
    Field seed{width, height, {}};
    for (int i = 0; i < width * height; ++i) seed.values.push_back(dice.uniform(-1, 1));
    return seed;
  }
  const Field coarse = grown(width / 2 + 1, height / 2 + 1, roughness, amplitude, dice);
  amplitude *= roughness;
  return doubled(coarse, width, height, amplitude, dice);
}

}  // namespace

Field fractal_field(int width, int height, float roughness, Dice& dice) {
  float amplitude = 1.0f;
  return grown(width, height, roughness, amplitude, dice);
}

}  // namespace penstock::synth
