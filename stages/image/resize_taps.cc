#include "stages/image/resize_taps.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace penstock::image {

void ResizeTaps::make(int in, int out, int begin, int end) {
  PENSTOCK_CHECK(in >= 1 && begin >= 0 && begin < end && end <= out);
  // Doubles and the order of operations are Pillow's: every weight must round to the same integer.
  const double scale = static_cast<double>(in) / out;
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter_scale;  // 1.0 for the triangle
  const double inverse = 1.0 / filter_scale;
  const int most = std::min(in, static_cast<int>(std::ceil(support)) * 2 + 1);
  const auto outputs = static_cast<std::size_t>(end - begin);
  stride = most;
  first.resize(outputs);
  count.resize(outputs);
  weights.assign(outputs * most, 0);
  exact_.resize(static_cast<std::size_t>(most));
  for (std::size_t i = 0; i < outputs; ++i) {
    const double center = (static_cast<double>(begin) + static_cast<double>(i) + 0.5) * scale;
    const int low = std::max(static_cast<int>(center - support + 0.5), 0);
    const int high = std::min(static_cast<int>(center + support + 0.5), in);
    double sum = 0;
    for (int t = 0; t < high - low; ++t) {
      const double distance = std::abs((t + low - center + 0.5) * inverse);
      exact_[t] = distance < 1.0 ? 1.0 - distance : 0.0;
      sum += exact_[t];
    }
    first[i] = low;
    count[i] = high - low;
    std::int32_t* out_weights = weights.data() + i * most;
    for (int t = 0; t < high - low; ++t) {
      const double weight = sum != 0.0 ? exact_[t] / sum : exact_[t];
      out_weights[t] = static_cast<std::int32_t>(0.5 + weight * (1 << kWeightBits));
    }
  }
}

}  // namespace penstock::image
