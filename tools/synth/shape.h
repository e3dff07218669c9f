// The ten shapes that are the classes of the synthetic set.
#pragma once

#include <string_view>

namespace penstock::synth {

inline constexpr int kShapes = 10;

/// "disk", "ring", ...: the name of the class folder. `shape` is 0 .. kShapes - 1.
std::string_view shape_name(int shape);

/// Where (u, v) lies with respect to the outline: negative inside, positive outside, about the distance to it. The shape
/// has its centre at (0, 0) and radius 1.
float shape_distance(int shape, float u, float v);

}  // namespace penstock::synth
