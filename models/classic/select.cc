#include "models/classic/select.h"

#include <algorithm>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/classic/select.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::classic {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Compressed in a register and stored whole: storing through a mask is slow on AMD's.
size_t append_below_any(const float* scores, const float* bias, size_t count, float most, uint32_t first_row,
                        float* values, uint32_t* rows) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const size_t lanes = hn::Lanes(d);
  const auto limit = hn::Set(d, most);
  size_t n = 0, j = 0;
  for (; j + lanes <= count; j += lanes) {
    const auto sum = hn::Add(hn::LoadU(d, scores + j), hn::LoadU(d, bias + j));
    const auto in = hn::Le(sum, limit);
    if (hn::AllFalse(d, in)) continue;
    hn::StoreU(hn::Compress(sum, in), d, values + n);
    const auto here = hn::Iota(du, first_row + static_cast<uint32_t>(j));
    hn::StoreU(hn::Compress(here, hn::RebindMask(du, in)), du, rows + n);
    n += hn::CountTrue(d, in);
  }
  for (; j < count; ++j) {
    const float sum = scores[j] + bias[j];
    values[n] = sum;
    rows[n] = first_row + static_cast<uint32_t>(j);
    n += sum <= most ? 1 : 0;
  }
  return n;
}

// What is written never lies beyond what has been read.
size_t keep_below_any(float* values, uint32_t* rows, size_t count, float most) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const size_t lanes = hn::Lanes(d);
  const auto limit = hn::Set(d, most);
  size_t n = 0, j = 0;
  for (; j + lanes <= count; j += lanes) {
    const auto value = hn::LoadU(d, values + j);
    const auto row = hn::LoadU(du, rows + j);
    const auto in = hn::Le(value, limit);
    hn::StoreU(hn::Compress(value, in), d, values + n);
    hn::StoreU(hn::Compress(row, hn::RebindMask(du, in)), du, rows + n);
    n += hn::CountTrue(d, in);
  }
  for (; j < count; ++j) {
    const float value = values[j];
    values[n] = value;
    rows[n] = rows[j];
    n += value <= most ? 1 : 0;
  }
  return n;
}

size_t count_below_any(const float* values, size_t count, float most) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto limit = hn::Set(d, most);
  size_t n0 = 0, n1 = 0, j = 0;
  for (; j + 2 * lanes <= count; j += 2 * lanes) {
    n0 += hn::CountTrue(d, hn::Le(hn::LoadU(d, values + j), limit));
    n1 += hn::CountTrue(d, hn::Le(hn::LoadU(d, values + j + lanes), limit));
  }
  for (; j < count; ++j) n0 += values[j] <= most ? 1 : 0;
  return n0 + n1;
}

void least_and_most_any(const float* values, size_t count, float* least, float* most) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto low = hn::Set(d, values[0]), high = low;
  size_t j = 0;
  for (; j + lanes <= count; j += lanes) {
    const auto value = hn::LoadU(d, values + j);
    low = hn::Min(low, value);
    high = hn::Max(high, value);
  }
  *least = hn::GetLane(hn::MinOfLanes(d, low));
  *most = hn::GetLane(hn::MaxOfLanes(d, high));
  for (; j < count; ++j) {
    *least = std::min(*least, values[j]);
    *most = std::max(*most, values[j]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace penstock::classic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::classic {

HWY_EXPORT(append_below_any);
HWY_EXPORT(keep_below_any);
HWY_EXPORT(count_below_any);
HWY_EXPORT(least_and_most_any);

namespace {

// Integers in the order of floats.
int64_t key_of(float value) {
  const auto bits = std::bit_cast<int32_t>(value);
  return bits < 0 ? bits ^ INT32_MAX : bits;
}
float value_of(int64_t key) {
  const auto bits = static_cast<int32_t>(key);
  return std::bit_cast<float>(bits < 0 ? bits ^ INT32_MAX : bits);
}

}  // namespace

size_t append_below(const float* scores, const float* bias, size_t count, float most, uint32_t first_row, float* values,
                    uint32_t* rows) {
  return HWY_DYNAMIC_DISPATCH(append_below_any)(scores, bias, count, most, first_row, values, rows);
}
size_t keep_below(float* values, uint32_t* rows, size_t count, float most) {
  return HWY_DYNAMIC_DISPATCH(keep_below_any)(values, rows, count, most);
}

float least_k(const float* values, size_t count, size_t k, size_t spare) {
  float least = 0, most = 0;
  HWY_DYNAMIC_DISPATCH(least_and_most_any)(values, count, &least, &most);
  // Fewer than k lie at or below `low`, at least k at or below `high`.
  int64_t low = key_of(least) - 1, high = key_of(most);
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    const size_t below = HWY_DYNAMIC_DISPATCH(count_below_any)(values, count, value_of(middle));
    if (below < k) {
      low = middle;
      continue;
    }
    high = middle;
    if (below <= k + spare) break;
  }
  return value_of(high);
}

}  // namespace penstock::classic
#endif
