#include "tools/synth/shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace penstock::synth {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

struct Shape {
  std::string_view name;
  float (*distance)(float u, float v);
};

float star(float u, float v) {
  const float turn = (std::atan2(u, -v) + kPi) / (2 * kPi) * 5;  // five points
  const float folded = std::abs(turn - std::round(turn)) * 2;    // 0 at a point, 1 between two
  return 0.6f * (std::hypot(u, v) - (0.98f - 0.6f * folded));
}

float spiral(float u, float v) {
  const float r = std::hypot(u, v);
  const float turn = 1.9f * r - std::atan2(v, u) / (2 * kPi);
  return std::max(r - 0.95f, (std::abs(turn - std::floor(turn) - 0.5f) - 0.25f) / 1.9f);
}

float bars(float u, float v) {
  const float bar = std::abs(u - 0.6f * std::round(u / 0.6f)) - 0.16f;
  return std::max({bar, std::abs(u) - 0.8f, std::abs(v) - 0.85f});
}

float chess(float u, float v) {
  const float cells = std::sin(u * kPi / 0.45f) * std::sin(v * kPi / 0.45f);
  return std::max(std::max(std::abs(u), std::abs(v)) - 0.9f, -0.14f * cells);
}

float cross(float u, float v) {
  const float across = std::max(std::abs(u) - 0.9f, std::abs(v) - 0.27f);
  return std::min(across, std::max(std::abs(v) - 0.9f, std::abs(u) - 0.27f));
}

constexpr std::array<Shape, kShapes> kAll{{
    {"bars", bars},
    {"chess", chess},
    {"crescent", [](float u, float v) { return std::max(std::hypot(u, v) - 0.9f, 0.75f - std::hypot(u - 0.45f, v)); }},
    {"cross", cross},
    {"disk", [](float u, float v) { return std::hypot(u, v) - 0.85f; }},
    {"ring", [](float u, float v) { return std::abs(std::hypot(u, v) - 0.7f) - 0.2f; }},
    {"spiral", spiral},
    {"square", [](float u, float v) { return std::max(std::abs(u), std::abs(v)) - 0.75f; }},
    {"star", star},
    {"triangle", [](float u, float v) { return std::max(std::abs(u) * 0.866f - v * 0.5f, v) - 0.48f; }},
}};

const Shape& shape_of(int shape) { return kAll.at(static_cast<std::size_t>(shape)); }

}  // namespace

std::string_view shape_name(int shape) { return shape_of(shape).name; }
float shape_distance(int shape, float u, float v) { return shape_of(shape).distance(u, v); }

}  // namespace penstock::synth
