#include "stages/image/resize_taps.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace penstock::image {

namespace {

double support_of(Filter filter) {
  switch (filter) {
    case Filter::kBilinear: return 1.0;
    case Filter::kBicubic: return 2.0;
    case Filter::kArea: break;
  }
  return 0.5;
}

// Doubles and the order of operations are Pillow's: every weight must round to the same integer.
double weight_of(Filter filter, double x) {
  if (filter == Filter::kArea) return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
  x = std::abs(x);
  if (filter == Filter::kBilinear) return x < 1.0 ? 1.0 - x : 0.0;
  constexpr double a = -0.5;
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

}  // namespace

void ResizeTaps::make(const Stretch& in, int out, int begin, int end, Filter filter) {
  PENSTOCK_CHECK(in.count >= 1 && in.size > 0 && begin >= 0 && begin < end && end <= out);
  const double scale = in.size / out;
  const double filter_scale = std::max(scale, 1.0);
  const double support = support_of(filter) * filter_scale;
  const double inverse = 1.0 / filter_scale;
  const int most = std::min(in.count, static_cast<int>(std::ceil(support)) * 2 + 1);
  const auto outputs = static_cast<std::size_t>(end - begin);
  stride = most;
  first.resize(outputs);
  count.resize(outputs);
  weights.assign(outputs * most, 0);
  exact_.resize(static_cast<std::size_t>(most));
  for (std::size_t i = 0; i < outputs; ++i) {
    const double center = in.begin + (static_cast<double>(begin) + static_cast<double>(i) + 0.5) * scale;
    const int low = std::max(static_cast<int>(center - support + 0.5), 0);
    const int high = std::min(static_cast<int>(center + support + 0.5), in.count);
    double sum = 0;
    for (int t = 0; t < high - low; ++t) {
      exact_[t] = weight_of(filter, (t + low - center + 0.5) * inverse);
      sum += exact_[t];
    }
    first[i] = low;
    count[i] = high - low;
    std::int32_t* out_weights = weights.data() + i * most;
    for (int t = 0; t < high - low; ++t) {
      const double weight = sum != 0.0 ? exact_[t] / sum : exact_[t];
      out_weights[t] = static_cast<std::int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kWeightBits));
    }
  }
}

TapsOrigin make_taps(const View& view, ResizeTaps& across, ResizeTaps& down) {
  const auto axis = [&](int begin, int size, int full, int window, int kept, ResizeTaps& taps) {
    const int origin = begin / view.shrink;
    const double scale = 1.0 / view.shrink;  // a power of two: exact
    const int end = (begin + size + view.shrink - 1) / view.shrink;
    taps.make({begin * scale - origin, size * scale, end - origin}, full, window, window + kept, view.filter);
    return origin;
  };
  return {axis(view.region.x, view.region.width, view.full.width, view.window.x, view.window.width, across),
          axis(view.region.y, view.region.height, view.full.height, view.window.y, view.window.height, down)};
}

}  // namespace penstock::image
