#include "tools/synth/scene.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/synth/field.h"
#include "tools/synth/shape.h"

namespace penstock::synth {
namespace {

using Colour = std::array<float, 3>;  // 0 .. 255

float luma(const Colour& c) { return 0.299f * c[0] + 0.587f * c[1] + 0.114f * c[2]; }

// A random tint of the given brightness.
Colour random_colour(float brightness, float saturation, Dice& dice) {
  Colour c{dice.uniform(0, 1), dice.uniform(0, 1), dice.uniform(0, 1)};
  const float grey = luma(c);
  for (float& channel : c) channel = brightness * (1 + saturation * (channel - grey));
  return c;
}

struct Thing {
  float x = 0, y = 0, radius = 0;
  float cosine = 1, sine = 0;
  Colour colour{};
};

// One thing in each cell of a grid, off its centre: any crop holds some.
std::vector<Thing> scatter(int width, int height, float background, Dice& dice) {
  const float cell = static_cast<float>(std::min(width, height)) / dice.uniform(2.4f, 4.2f);
  std::vector<Thing> things;
  for (float y = 0.5f * cell; y < static_cast<float>(height); y += cell) {
    for (float x = 0.5f * cell; x < static_cast<float>(width); x += cell) {
      if (dice.chance(0.15f)) continue;
      const float turn = dice.uniform(-0.35f, 0.35f);
      const float contrast = dice.uniform(45, 95) * (background > 125 ? -1.0f : 1.0f);
      things.push_back({.x = x + dice.uniform(-0.15f, 0.15f) * cell,
                        .y = y + dice.uniform(-0.15f, 0.15f) * cell,
                        .radius = cell * dice.uniform(0.32f, 0.55f),
                        .cosine = std::cos(turn),
                        .sine = std::sin(turn),
                        .colour = random_colour(background + contrast, 0.9f, dice)});
    }
  }
  return things;
}

struct Canvas {
  int width, height;
  std::vector<Colour> pixels;
  Colour& at(int x, int y) {
    return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
  }
};

void paint_background(Canvas& canvas, const Colour& sky, const Colour& ground, Dice& dice) {
  const Field tint = fractal_field(canvas.width, canvas.height, 0.35f, dice);
  const float horizon = dice.uniform(0.2f, 0.8f) * static_cast<float>(canvas.height);
  const float slope = dice.uniform(-0.4f, 0.4f);
  const float softness = dice.uniform(0.5f, 6.0f);
  for (int y = 0; y < canvas.height; ++y) {
    for (int x = 0; x < canvas.width; ++x) {
      const float below =
          (static_cast<float>(y) - horizon - slope * static_cast<float>(x - canvas.width / 2)) / softness;
      const float share = std::clamp(below + 0.5f, 0.0f, 1.0f) * 0.7f + 0.15f + 0.15f * tint.at(x, y);
      for (std::size_t c = 0; c < 3; ++c) canvas.at(x, y)[c] = sky[c] + share * (ground[c] - sky[c]);
    }
  }
}

void paint_thing(Canvas& canvas, int shape, const Thing& thing) {
  const int reach = static_cast<int>(thing.radius * 1.45f) + 1;
  const int x0 = std::max(0, static_cast<int>(thing.x) - reach),
            x1 = std::min(canvas.width, static_cast<int>(thing.x) + reach);
  const int y0 = std::max(0, static_cast<int>(thing.y) - reach),
            y1 = std::min(canvas.height, static_cast<int>(thing.y) + reach);
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) {
      const float dx = (static_cast<float>(x) - thing.x) / thing.radius,
                  dy = (static_cast<float>(y) - thing.y) / thing.radius;
      const float u = thing.cosine * dx + thing.sine * dy, v = thing.cosine * dy - thing.sine * dx;
      // An edge about 1.5 pixels wide, as a lens draws it.
      const float cover = std::clamp(0.5f - shape_distance(shape, u, v) * thing.radius / 1.5f, 0.0f, 1.0f);
      const float shade = 1.0f - 0.15f * (u + v);
      Colour& pixel = canvas.at(x, y);
      for (std::size_t c = 0; c < 3; ++c) pixel[c] += cover * (thing.colour[c] * shade - pixel[c]);
    }
  }
}

// Light, texture and the noise of a sensor fall on everything, things included.
void expose(const Canvas& canvas, Scene& scene, Dice& dice) {
  const float rough = dice.uniform(0.50f, 0.66f);
  const Field texture = fractal_field(canvas.width, canvas.height, rough, dice);
  const float grain = dice.uniform(5.0f, 14.0f);
  const float light_x = dice.uniform(-0.25f, 0.25f) / static_cast<float>(canvas.width);
  const float light_y = dice.uniform(-0.25f, 0.25f) / static_cast<float>(canvas.height);
  auto out = scene.rgb.begin();
  auto in = canvas.pixels.begin();
  for (int y = 0; y < canvas.height; ++y) {
    for (int x = 0; x < canvas.width; ++x, ++in) {
      const float light = 1.0f + light_x * static_cast<float>(x - canvas.width / 2) +
                          light_y * static_cast<float>(y - canvas.height / 2) + 0.33f * texture.at(x, y);
      const std::uint64_t bits = dice.next();
      for (unsigned c = 0; c < 3; ++c) {
        const float noise = static_cast<float>((bits >> (16 * c)) & 0xffff) * (2.0f / 65535.0f) - 1.0f;
        const float shared = static_cast<float>(bits >> 48) * (2.0f / 65535.0f) - 1.0f;
        const float value = (*in)[c] * light + grain * (shared + 0.4f * noise);
        *out++ = static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
      }
    }
  }
}

}  // namespace

Scene draw_scene(int shape, int width, int height, Dice& dice) {
  const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  Scene scene{width, height, std::vector<std::uint8_t>(pixels * 3)};
  Canvas canvas{width, height, std::vector<Colour>(pixels)};
  const float brightness = dice.uniform(80, 170);
  paint_background(canvas, random_colour(brightness + dice.uniform(-25, 25), 0.8f, dice),
                   random_colour(brightness + dice.uniform(-25, 25), 0.8f, dice), dice);
  for (const Thing& thing : scatter(width, height, brightness, dice)) paint_thing(canvas, shape, thing);
  expose(canvas, scene, dice);
  return scene;
}

}  // namespace penstock::synth
