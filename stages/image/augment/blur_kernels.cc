#include "stages/image/augment/blur_kernels.h"

#include <cstring>

#include "stages/image/augment/blur.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stages/image/augment/blur_kernels.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::image::augment {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kMiddleShift = kBlurWeightBits - kBlurMiddleBits;
constexpr int kValueShift = kBlurWeightBits + kBlurMiddleBits;

#if HWY_TARGET == HWY_SCALAR  // CPUs without 128-bit vectors: one number after the other

void widen_any(const std::uint8_t* values, std::size_t count, std::int16_t* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = values[i];
}

template <int kShift, class Out>
void blur(const SymmetricTaps& taps, std::size_t count, Out* out) {
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t sum = 1 << (kShift - 1);
    for (int t = 0; t < taps.taps; ++t) sum += taps.weights[t] * (taps.left[t][i] + taps.right[t][i]);
    out[i] = static_cast<Out>(sum >> kShift);
  }
}

void to_middle_any(const SymmetricTaps& taps, std::size_t count, std::int16_t* out) {
  blur<kMiddleShift>(taps, count, out);
}
void to_values_any(const SymmetricTaps& taps, std::size_t count, std::uint8_t* out) {
  blur<kValueShift>(taps, count, out);
}

#else

#if HWY_HAVE_SCALABLE
using Lanes16 = hn::FixedTag<std::int16_t, 8>;
#else
using Lanes16 = hn::CappedTag<std::int16_t, 32>;
#endif
using Lanes32 = hn::RepartitionToWide<Lanes16>;
using Lanes8 = hn::Rebind<std::uint8_t, Lanes16>;
constexpr std::size_t kStep = hn::MaxLanes(Lanes16());

void widen_any(const std::uint8_t* values, std::size_t count, std::int16_t* out) {
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep)
    hn::StoreU(hn::PromoteTo(Lanes16(), hn::LoadU(Lanes8(), values + i)), Lanes16(), out + i);
  for (; i < count; ++i) out[i] = values[i];
}

// The i16 lanes a, b, a, b, ...
HWY_INLINE hn::Vec<Lanes16> pair_of(std::int16_t a, std::int16_t b) {
  const std::uint32_t both = static_cast<std::uint16_t>(a) | std::uint32_t{static_cast<std::uint16_t>(b)} << 16;
  return hn::BitCast(Lanes16(), hn::Set(Lanes32(), static_cast<std::int32_t>(both)));
}

// Sums of products of neighbouring i16 lanes.
struct PairSum {
  hn::Vec<Lanes32> even, odd;
  HWY_INLINE void add(hn::Vec<Lanes16> a, hn::Vec<Lanes16> b) {
    even = hn::ReorderWidenMulAccumulate(Lanes32(), a, b, even, odd);
  }
  HWY_INLINE hn::Vec<Lanes32> total() const { return hn::RearrangeToOddPlusEven(even, odd); }
};

HWY_INLINE hn::Vec<Lanes16> both(const SymmetricTaps& taps, int t, std::size_t i) {
  return hn::Add(hn::LoadU(Lanes16(), taps.left[t] + i), hn::LoadU(Lanes16(), taps.right[t] + i));
}

template <int kShift>
HWY_INLINE hn::Vec<Lanes16> blur(const SymmetricTaps& taps, std::size_t i) {
  const Lanes16 d16;
  const Lanes32 d32;
  const auto rounding = hn::Set(d32, 1 << (kShift - 1));
  PairSum lower{rounding, hn::Zero(d32)}, upper{rounding, hn::Zero(d32)};
  int t = 0;
  for (; t + 1 < taps.taps; t += 2) {
    const auto a = both(taps, t, i), b = both(taps, t + 1, i), weights = pair_of(taps.weights[t], taps.weights[t + 1]);
    lower.add(hn::InterleaveLower(d16, a, b), weights);
    upper.add(hn::InterleaveUpper(d16, a, b), weights);
  }
  if (t < taps.taps) {
    const auto a = both(taps, t, i), none = hn::Zero(d16), weights = pair_of(taps.weights[t], 0);
    lower.add(hn::InterleaveLower(d16, a, none), weights);
    upper.add(hn::InterleaveUpper(d16, a, none), weights);
  }
  // Packs within blocks, the inverse of the interleaving.
  return hn::ReorderDemote2To(d16, hn::ShiftRight<kShift>(lower.total()), hn::ShiftRight<kShift>(upper.total()));
}

void to_middle_any(const SymmetricTaps& taps, std::size_t count, std::int16_t* out) {
  for (std::size_t i = 0; i < count; i += kStep) hn::StoreU(blur<kMiddleShift>(taps, i), Lanes16(), out + i);
}

void to_values_any(const SymmetricTaps& taps, std::size_t count, std::uint8_t* out) {
  const Lanes8 d8;
  for (std::size_t i = 0; i < count; i += kStep) {
    const auto values = hn::DemoteTo(d8, blur<kValueShift>(taps, i));
    if (i + kStep <= count) {
      hn::StoreU(values, d8, out + i);
    } else {
      alignas(64) std::uint8_t tail[kStep];
      hn::StoreU(values, d8, tail);
      std::memcpy(out + i, tail, count - i);
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace penstock::image::augment
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::image::augment {

HWY_EXPORT(widen_any);
HWY_EXPORT(to_middle_any);
HWY_EXPORT(to_values_any);

void widen_values(const std::uint8_t* values, std::size_t count, std::int16_t* out) {
  HWY_DYNAMIC_DISPATCH(widen_any)(values, count, out);
}

void blur_to_middle(const SymmetricTaps& taps, std::size_t count, std::int16_t* out) {
  HWY_DYNAMIC_DISPATCH(to_middle_any)(taps, count, out);
}

void blur_to_values(const SymmetricTaps& taps, std::size_t count, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(to_values_any)(taps, count, out);
}

}  // namespace penstock::image::augment
#endif
