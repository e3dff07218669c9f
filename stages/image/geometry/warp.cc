#include "stages/image/geometry/warp.h"

#include <algorithm>
#include <cmath>

#include "stages/image/geometry/turn.h"

namespace penstock::image::geometry {
namespace {

using Row = std::array<double, 3>;

Row cross(const Row& a, const Row& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double dot(const Row& a, const Row& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Gauss with the largest pivot of a column; nothing where there is none to speak of.
template <std::size_t N>
std::optional<std::array<double, N>> solve(std::array<std::array<double, N + 1>, N> rows) {
  for (std::size_t column = 0; column < N; ++column) {
    const auto larger = [&](const auto& a, const auto& b) { return std::abs(a[column]) < std::abs(b[column]); };
    std::swap(rows[column], *std::max_element(rows.begin() + static_cast<std::ptrdiff_t>(column), rows.end(), larger));
    if (std::abs(rows[column][column]) < 1e-9) return std::nullopt;
    for (std::size_t row = column + 1; row < N; ++row) {
      const double factor = rows[row][column] / rows[column][column];
      for (std::size_t i = column; i <= N; ++i) rows[row][i] -= factor * rows[column][i];
    }
  }
  std::array<double, N> solution;
  for (std::size_t row = N; row-- > 0;) {
    double rest = rows[row][N];
    for (std::size_t i = row + 1; i < N; ++i) rest -= rows[row][i] * solution[i];
    solution[row] = rest / rows[row][row];
  }
  return solution;
}

}  // namespace

Warp shifted(double dx, double dy) { return {.x = {1, 0, -dx}, .y = {0, 1, -dy}}; }

Warp mirrored(int width) { return {.x = {-1, 0, static_cast<double>(width)}}; }

Warp affine(const AffineMove& move) {
  // The inverse of shift * (to the centre) * R(angle - shear.y) shears scale * (from the centre): torchvision's
  // _get_inverse_affine_matrix, for which the matrix without scale has the determinant 1.
  const SineCosine turn = sine_cosine(move.angle), tilted = sine_cosine(move.angle - move.shear.y);
  const SineCosine shear_x = sine_cosine(move.shear.x), shear_y = sine_cosine(move.shear.y);
  const double tangent = shear_x.sine / shear_x.cosine;
  const double a = tilted.cosine / shear_y.cosine, b = -tilted.cosine * tangent / shear_y.cosine - turn.sine;
  const double c = tilted.sine / shear_y.cosine, d = -tilted.sine * tangent / shear_y.cosine + turn.cosine;
  Warp warp{.x = {d / move.scale, -b / move.scale, 0}, .y = {-c / move.scale, a / move.scale, 0}};
  const Point back{-move.centre.x - move.shift.x, -move.centre.y - move.shift.y};
  warp.x[2] = warp.x[0] * back.x + warp.x[1] * back.y + move.centre.x;
  warp.y[2] = warp.y[0] * back.x + warp.y[1] * back.y + move.centre.y;
  return warp;
}

Warp sheared(double amount_x, double amount_y) { return {.x = {1, amount_x, 0}, .y = {amount_y, 1, 0}}; }

std::optional<Warp> perspective(const Quad& from, const Quad& to) {
  // x' (g x + h y + 1) = a x + b y + c and the same for y', for each corner (x, y) of `to` and (x', y') of `from`.
  std::array<std::array<double, 9>, 8> equations;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto [x, y] = to[i];
    const auto [u, v] = from[i];
    equations[2 * i] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u};
    equations[2 * i + 1] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
  }
  const auto solution = solve(equations);
  if (!solution) return std::nullopt;
  const auto at = [&](std::size_t i) { return static_cast<double>(static_cast<float>((*solution)[i])); };
  return Warp{{at(0), at(1), at(2)}, {at(3), at(4), at(5)}, {at(6), at(7), 1}};
}

std::optional<Warp> inverse(const Warp& warp) {
  const Row first = cross(warp.y, warp.w), second = cross(warp.w, warp.x), third = cross(warp.x, warp.y);
  const double determinant = dot(warp.x, first);
  if (!(std::abs(determinant) > 1e-12)) return std::nullopt;
  Warp inverse{{first[0], second[0], third[0]}, {first[1], second[1], third[1]}, {first[2], second[2], third[2]}};
  for (Row* row : {&inverse.x, &inverse.y, &inverse.w})
    for (double& value : *row) value /= determinant;
  return inverse;
}

std::optional<Box> moved(const Box& box, const Warp& forward, Size out, double min_visible) {
  double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
  for (const auto& [x, y] : Quad{{{box.x0, box.y0}, {box.x1, box.y0}, {box.x1, box.y1}, {box.x0, box.y1}}}) {
    const Row corner{x, y, 1};
    const double depth = dot(forward.w, corner);
    if (!(depth > 0)) return std::nullopt;
    left = std::min(left, dot(forward.x, corner) / depth);
    right = std::max(right, dot(forward.x, corner) / depth);
    top = std::min(top, dot(forward.y, corner) / depth);
    bottom = std::max(bottom, dot(forward.y, corner) / depth);
  }
  const double area = (right - left) * (bottom - top);
  left = std::clamp(left, 0.0, static_cast<double>(out.width));
  right = std::clamp(right, 0.0, static_cast<double>(out.width));
  top = std::clamp(top, 0.0, static_cast<double>(out.height));
  bottom = std::clamp(bottom, 0.0, static_cast<double>(out.height));
  const double seen = (right - left) * (bottom - top);
  if (!(seen > 0) || seen < min_visible * area) return std::nullopt;
  return Box{static_cast<float>(left), static_cast<float>(top), static_cast<float>(right), static_cast<float>(bottom)};
}

}  // namespace penstock::image::geometry
