// The weights of an antialiased resize along one axis, in fixed point, as Pillow makes them.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/image/view.h"

namespace penstock::image {

/// Weights are integers that sum to about 1 << kWeightBits; Pillow's PRECISION_BITS (32 - 8 - 2).
inline constexpr int kWeightBits = 22;

/// Output i is the sum over t < count[i] of input[first[i] + t] * weights[i * stride + t], rounded and shifted.
/// A filter scaled to the larger of an input and an output pixel, cut at the edges of the input and normalised
/// (Pillow, src/libImaging/Resample.c, precompute_coeffs and normalize_coeffs_8bpc).
/// Its vectors keep their memory from one make() to the next.
class ResizeTaps {
 public:
  int stride = 0;                     ///< the largest count
  std::vector<int> first;             ///< (outputs); never falls
  std::vector<int> count;             ///< (outputs); at least 1
  std::vector<std::int32_t> weights;  ///< (outputs, stride); zero behind count

  /// What is resized: of inputs 0..count-1 the stretch from `begin` on, `size` long.
  struct Stretch {
    double begin = 0, size = 0;
    int count = 0;
  };
  /// The stretch resized to `out`, the outputs begin..end-1 alone. All >= 1, end > begin.
  void make(const Stretch& in, int out, int begin, int end, Filter filter = Filter::kBilinear);
  /// `in` whole pixels.
  void make(int in, int out, int begin, int end, Filter filter = Filter::kBilinear) {
    make(Stretch{0, static_cast<double>(in), in}, out, begin, end, filter);
  }

  int outputs() const { return static_cast<int>(first.size()); }
  /// The first input that any output needs, and the one behind the last.
  int inputs_begin() const { return first.front(); }
  int inputs_end() const { return first.back() + count.back(); }

 private:
  std::vector<double> exact_;  // room for make() to work in
};

/// Both axes of a view. Returns the pixel of the picture (as the decoder shrinks it) that input 0 of each axis is.
struct TapsOrigin {
  int x = 0, y = 0;
};
TapsOrigin make_taps(const View& view, ResizeTaps& across, ResizeTaps& down);

}  // namespace penstock::image
