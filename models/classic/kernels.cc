#include "models/classic/kernels.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/classic/kernels.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::classic {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void shift_row_any(const float* row, const float* shift, float scale, size_t width, float* into) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto by = hn::Set(d, scale);
  size_t i = 0;
  if (shift == nullptr) {
    for (; i + lanes <= width; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, row + i), by), d, into + i);
    for (; i < width; ++i) into[i] = row[i] * scale;
    return;
  }
  for (; i + lanes <= width; i += lanes)
    hn::StoreU(hn::Mul(hn::Sub(hn::LoadU(d, row + i), hn::LoadU(d, shift + i)), by), d, into + i);
  for (; i < width; ++i) into[i] = (row[i] - shift[i]) * scale;
}

// Two sums at once: a multiply-add takes four cycles and two may start in each.
float squared_distance_any(const float* a, const float* b, size_t width) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d), sum1 = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= width; i += 2 * lanes) {
    const auto x = hn::Sub(hn::LoadU(d, a + i), hn::LoadU(d, b + i));
    const auto y = hn::Sub(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes));
    sum0 = hn::MulAdd(x, x, sum0);
    sum1 = hn::MulAdd(y, y, sum1);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < width; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

float dot_any(const float* a, const float* b, size_t width) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d), sum1 = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= width; i += 2 * lanes) {
    sum0 = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum0);
    sum1 = hn::MulAdd(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes), sum1);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < width; ++i) sum += a[i] * b[i];
  return sum;
}

void squared_distances_any(const float* row, const float* points, size_t count, size_t width, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t p = 0;
  for (; p + 4 <= count; p += 4) {
    const float* at = points + p * width;
    auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + lanes <= width; i += lanes) {
      const auto x = hn::LoadU(d, row + i);
      const auto d0 = hn::Sub(x, hn::LoadU(d, at + i)), d1 = hn::Sub(x, hn::LoadU(d, at + width + i));
      const auto d2 = hn::Sub(x, hn::LoadU(d, at + 2 * width + i)), d3 = hn::Sub(x, hn::LoadU(d, at + 3 * width + i));
      s0 = hn::MulAdd(d0, d0, s0);
      s1 = hn::MulAdd(d1, d1, s1);
      s2 = hn::MulAdd(d2, d2, s2);
      s3 = hn::MulAdd(d3, d3, s3);
    }
    out[p] = hn::GetLane(hn::SumOfLanes(d, s0));
    out[p + 1] = hn::GetLane(hn::SumOfLanes(d, s1));
    out[p + 2] = hn::GetLane(hn::SumOfLanes(d, s2));
    out[p + 3] = hn::GetLane(hn::SumOfLanes(d, s3));
    for (; i < width; ++i) {
      for (size_t q = 0; q < 4; ++q) {
        const float x = row[i] - at[q * width + i];
        out[p + q] += x * x;
      }
    }
  }
  for (; p < count; ++p) out[p] = squared_distance_any(row, points + p * width, width);
}

// Four rows at a time, each with a sum of its own; where fewer are left the last is measured again.
template <bool kL2>
HWY_ATTR void measure_four(const float* row, const float* const* at, size_t width, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto add = [&](auto sum, auto x, const float* other) HWY_ATTR {
    const auto y = hn::LoadU(d, other);
    if constexpr (!kL2) return hn::MulAdd(x, y, sum);
    const auto apart = hn::Sub(x, y);
    return hn::MulAdd(apart, apart, sum);
  };
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + lanes <= width; i += lanes) {
    const auto x = hn::LoadU(d, row + i);
    s0 = add(s0, x, at[0] + i);
    s1 = add(s1, x, at[1] + i);
    s2 = add(s2, x, at[2] + i);
    s3 = add(s3, x, at[3] + i);
  }
  out[0] = hn::GetLane(hn::SumOfLanes(d, s0));
  out[1] = hn::GetLane(hn::SumOfLanes(d, s1));
  out[2] = hn::GetLane(hn::SumOfLanes(d, s2));
  out[3] = hn::GetLane(hn::SumOfLanes(d, s3));
  for (; i < width; ++i) {
    for (size_t q = 0; q < 4; ++q) {
      const float apart = row[i] - at[q][i];
      out[q] += kL2 ? apart * apart : row[i] * at[q][i];
    }
  }
}

template <bool kL2>
HWY_ATTR void measure_all(const float* row, const float* rows, uint32_t first, const uint32_t* which, size_t count,
                          size_t width, float* out) {
  for (size_t p = 0; p < count; p += 4) {
    const float* at[4];
    for (size_t q = 0; q < 4; ++q) at[q] = rows + (which[std::min(p + q, count - 1)] - first) * width;
    float four[4];
    measure_four<kL2>(row, at, width, four);
    std::copy_n(four, std::min<size_t>(4, count - p), out + p);
  }
}

void measure_distances_any(const float* row, const float* rows, uint32_t first, const uint32_t* which, size_t count,
                           size_t width, float* out) {
  measure_all<true>(row, rows, first, which, count, width, out);
}
void measure_dots_any(const float* row, const float* rows, uint32_t first, const uint32_t* which, size_t count,
                      size_t width, float* out) {
  measure_all<false>(row, rows, first, which, count, width, out);
}

// Each lane keeps its least sum and where it was; the lanes are compared last.
void argmin_row_any(const float* scores, const float* bias, size_t count, int32_t first_label, float& best,
                    int32_t& label) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  size_t j = 0;
  if (count >= 2 * lanes) {
    auto least0 = hn::Set(d, best), least1 = least0;
    auto at0 = hn::Set(di, -1), at1 = at0;
    auto here = hn::Iota(di, 0);
    const auto step = hn::Set(di, static_cast<int32_t>(lanes));
    for (; j + 2 * lanes <= count; j += 2 * lanes) {
      const auto x = hn::Add(hn::LoadU(d, scores + j), hn::LoadU(d, bias + j));
      const auto y = hn::Add(hn::LoadU(d, scores + j + lanes), hn::LoadU(d, bias + j + lanes));
      const auto less0 = hn::Lt(x, least0), less1 = hn::Lt(y, least1);
      at0 = hn::IfThenElse(hn::RebindMask(di, less0), here, at0);
      here = hn::Add(here, step);
      at1 = hn::IfThenElse(hn::RebindMask(di, less1), here, at1);
      here = hn::Add(here, step);
      least0 = hn::IfThenElse(less0, x, least0);
      least1 = hn::IfThenElse(less1, y, least1);
    }
    const float least = hn::GetLane(hn::MinOfLanes(d, hn::Min(least0, least1)));
    if (least < best) {
      const auto far = hn::Set(di, INT32_MAX);
      const auto same0 = hn::RebindMask(di, hn::Eq(least0, hn::Set(d, least)));
      const auto same1 = hn::RebindMask(di, hn::Eq(least1, hn::Set(d, least)));
      const auto first = hn::Min(hn::IfThenElse(same0, at0, far), hn::IfThenElse(same1, at1, far));
      best = least;
      label = first_label + hn::GetLane(hn::MinOfLanes(di, first));
    }
  }
  for (; j < count; ++j) {
    const float sum = scores[j] + bias[j];
    if (sum < best) {
      best = sum;
      label = first_label + static_cast<int32_t>(j);
    }
  }
}

void add_row_any(const float* row, size_t width, double* sums) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> df;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= width; i += lanes)
    hn::StoreU(hn::Add(hn::LoadU(d, sums + i), hn::PromoteTo(d, hn::LoadU(df, row + i))), d, sums + i);
  for (; i < width; ++i) sums[i] += static_cast<double>(row[i]);
}

// Four rows at a time: the sums are read and written once for them, and added to in the same order.
void add_rows_any(const float* rows, const uint32_t* which, size_t count, size_t width, double* sums) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> df;
  const size_t lanes = hn::Lanes(d);
  size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const float* a = rows + which[r] * width;
    const float* b = rows + which[r + 1] * width;
    const float* c = rows + which[r + 2] * width;
    const float* e = rows + which[r + 3] * width;
    size_t i = 0;
    for (; i + lanes <= width; i += lanes) {
      auto sum = hn::Add(hn::LoadU(d, sums + i), hn::PromoteTo(d, hn::LoadU(df, a + i)));
      sum = hn::Add(sum, hn::PromoteTo(d, hn::LoadU(df, b + i)));
      sum = hn::Add(sum, hn::PromoteTo(d, hn::LoadU(df, c + i)));
      hn::StoreU(hn::Add(sum, hn::PromoteTo(d, hn::LoadU(df, e + i))), d, sums + i);
    }
    for (; i < width; ++i) {
      for (const float* row : {a, b, c, e}) sums[i] += static_cast<double>(row[i]);
    }
  }
  for (; r < count; ++r) add_row_any(rows + which[r] * width, width, sums);
}

void add_row_moments_any(const float* row, const float* shift, size_t width, double* sums, double* squares) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> df;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= width; i += lanes) {
    auto x = hn::PromoteTo(d, hn::LoadU(df, row + i));
    if (shift != nullptr) x = hn::Sub(x, hn::PromoteTo(d, hn::LoadU(df, shift + i)));
    hn::StoreU(hn::Add(hn::LoadU(d, sums + i), x), d, sums + i);
    hn::StoreU(hn::Add(hn::LoadU(d, squares + i), hn::Mul(x, x)), d, squares + i);
  }
  for (; i < width; ++i) {
    const double x = static_cast<double>(row[i]) - (shift == nullptr ? 0.0 : static_cast<double>(shift[i]));
    sums[i] += x;
    squares[i] += x * x;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace penstock::classic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::classic {

HWY_EXPORT(shift_row_any);
HWY_EXPORT(squared_distance_any);
HWY_EXPORT(dot_any);
HWY_EXPORT(squared_distances_any);
HWY_EXPORT(argmin_row_any);
HWY_EXPORT(measure_distances_any);
HWY_EXPORT(measure_dots_any);
HWY_EXPORT(add_row_any);
HWY_EXPORT(add_rows_any);
HWY_EXPORT(add_row_moments_any);

void shift_row(const float* row, const float* shift, float scale, size_t width, float* into) {
  HWY_DYNAMIC_DISPATCH(shift_row_any)(row, shift, scale, width, into);
}
float squared_distance(const float* a, const float* b, size_t width) {
  return HWY_DYNAMIC_DISPATCH(squared_distance_any)(a, b, width);
}
float dot(const float* a, const float* b, size_t width) { return HWY_DYNAMIC_DISPATCH(dot_any)(a, b, width); }
void squared_distances(const float* row, const float* points, size_t count, size_t width, float* out) {
  HWY_DYNAMIC_DISPATCH(squared_distances_any)(row, points, count, width, out);
}
void argmin_row(const float* scores, const float* bias, size_t count, int32_t first_label, float& best,
                int32_t& label) {
  HWY_DYNAMIC_DISPATCH(argmin_row_any)(scores, bias, count, first_label, best, label);
}
void measure_rows(bool l2, const float* row, const float* rows, uint32_t first, std::span<const uint32_t> which,
                  size_t width, float* out) {
  if (l2)
    HWY_DYNAMIC_DISPATCH(measure_distances_any)(row, rows, first, which.data(), which.size(), width, out);
  else
    HWY_DYNAMIC_DISPATCH(measure_dots_any)(row, rows, first, which.data(), which.size(), width, out);
}
void add_row(const float* row, size_t width, double* sums) { HWY_DYNAMIC_DISPATCH(add_row_any)(row, width, sums); }
void add_rows(const float* rows, std::span<const uint32_t> which, size_t width, double* sums) {
  HWY_DYNAMIC_DISPATCH(add_rows_any)(rows, which.data(), which.size(), width, sums);
}
void add_row_moments(const float* row, const float* shift, size_t width, double* sums, double* squares) {
  HWY_DYNAMIC_DISPATCH(add_row_moments_any)(row, shift, width, sums, squares);
}

}  // namespace penstock::classic
#endif
