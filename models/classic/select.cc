#include "models/classic/select.h"

#include <algorithm>
#include <bit>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/classic/select.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::classic {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Compressed in a register and stored whole: storing through a mask is slow on AMD's. Four vectors are looked at together: whether one of
// them holds anything can be foretold less often than whether four do not, and what holds nothing costs two stores.
size_t append_below_any(const float* scores, const float* bias, size_t count, float most, uint32_t first_row,
                        float* values, uint32_t* rows) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const size_t lanes = hn::Lanes(d);
  const auto limit = hn::Set(d, most);
  size_t n = 0, j = 0;
  const auto sum_at = [&](size_t at) HWY_ATTR { return hn::Add(hn::LoadU(d, scores + at), hn::LoadU(d, bias + at)); };
  const auto append = [&](auto sum, size_t at) HWY_ATTR {
    const auto in = hn::Le(sum, limit);
    hn::StoreU(hn::Compress(sum, in), d, values + n);
    const auto here = hn::Iota(du, first_row + static_cast<uint32_t>(at));
    hn::StoreU(hn::Compress(here, hn::RebindMask(du, in)), du, rows + n);
    n += hn::CountTrue(d, in);
  };
  for (; j + 4 * lanes <= count; j += 4 * lanes) {
    const auto a = sum_at(j), b = sum_at(j + lanes), c = sum_at(j + 2 * lanes), e = sum_at(j + 3 * lanes);
    const auto in_ab = hn::Or(hn::Le(a, limit), hn::Le(b, limit)), in_ce = hn::Or(hn::Le(c, limit), hn::Le(e, limit));
    if (hn::AllFalse(d, hn::Or(in_ab, in_ce))) continue;
    append(a, j);
    append(b, j + lanes);
    append(c, j + 2 * lanes);
    append(e, j + 3 * lanes);
  }
  for (; j + lanes <= count; j += lanes) append(sum_at(j), j);
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

// The greatest of the values that are not above `most`: there is one.
float greatest_below_any(const float* values, size_t count, float most) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto limit = hn::Set(d, most), none = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto best = none;
  size_t j = 0;
  for (; j + lanes <= count; j += lanes) {
    const auto value = hn::LoadU(d, values + j);
    best = hn::Max(best, hn::IfThenElse(hn::Le(value, limit), value, none));
  }
  float greatest = hn::GetLane(hn::MaxOfLanes(d, best));
  for (; j < count; ++j) greatest = values[j] <= most ? std::max(greatest, values[j]) : greatest;
  return greatest;
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
HWY_EXPORT(greatest_below_any);
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
  return HWY_DYNAMIC_DISPATCH(greatest_below_any)(values, count, value_of(high));
}

}  // namespace penstock::classic
#endif
