// turn_hues() of colour_kernels.h: RGB to HSV, a step round the circle, and back.
#include <cstring>

#include "stages/image/augment/colour_kernels.h"
#include "stages/image/augment/colour_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stages/image/augment/hue_kernel.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::image::augment {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || !HWY_HAVE_FLOAT64 || HWY_HAVE_SCALABLE

void turn_hues_any(std::uint8_t* rgb, std::size_t pixels, std::uint8_t steps) {
  for (std::size_t i = 0; i < pixels; ++i) reference::turn_hue(rgb + 3 * i, steps);
}

#else

using Floats = hn::CappedTag<float, 16>;
using Lanes32 = hn::Rebind<std::int32_t, Floats>;
using Lanes8 = hn::Rebind<std::uint8_t, Floats>;
using HalfFloats = hn::Half<Floats>;
using HalfLanes32 = hn::Half<Lanes32>;
using Doubles = hn::Rebind<double, HalfFloats>;
using Ints = hn::Vec<Lanes32>;
using Reals = hn::Vec<Floats>;
constexpr std::size_t kPixels = hn::MaxLanes(Floats());

// round(value * (1 - share * within)) and round(value * (1 - share * (1 - within))) in doubles, as the reference does:
// floats would round some ties the other way.
struct Ramps {
  hn::Vec<HalfLanes32> falling, rising;
};

HWY_INLINE Ramps ramps(hn::Vec<HalfFloats> value, hn::Vec<HalfFloats> share, hn::Vec<HalfFloats> within) {
  const Doubles d;
  const HalfLanes32 d32;
  const auto one = hn::Set(d, 1.0), half = hn::Set(d, 0.5);
  const auto v = hn::PromoteTo(d, value);
  const auto down = hn::PromoteTo(d, hn::Mul(share, within));
  const auto up = hn::Mul(hn::PromoteTo(d, share), hn::Sub(one, hn::PromoteTo(d, within)));
  return {hn::DemoteTo(d32, hn::Add(hn::Mul(v, hn::Sub(one, down)), half)),
          hn::DemoteTo(d32, hn::Add(hn::Mul(v, hn::Sub(one, up)), half))};
}

struct Hsv {
  Ints h, s, v;
};

// Floats suffice here: for all differences of u8 they give what the reference's doubles give (hue_test goes through
// all colours).
HWY_INLINE Hsv hsv_of(Ints r, Ints g, Ints b) {
  const Floats d;
  const Lanes32 d32;
  const Ints most = hn::Max(hn::Max(r, g), b), least = hn::Min(hn::Min(r, g), b);
  const Ints middle = hn::Sub(hn::Add(hn::Add(r, g), b), hn::Add(most, least));
  const Reals range = hn::ConvertTo(d, hn::Sub(most, least));
  // Greys divide by nothing; what comes of it is dropped below.
  const Reals divisor = hn::Max(range, hn::Set(d, 1.0f));
  const Reals x = hn::Div(hn::ConvertTo(d, hn::Sub(most, middle)), divisor);
  // By (largest, least): (r,b) 1-x  (r,g) x-1  (g,r) 3-x  (g,b) 1+x  (b,g) 5-x  (b,r) 3+x.
  const auto r_most = hn::Eq(r, most), g_most = hn::AndNot(r_most, hn::Eq(g, most));
  const auto mask_f = [](auto mask) HWY_ATTR { return hn::RebindMask(Floats(), mask); };
  const auto b_least = hn::Eq(b, least), r_least = hn::Eq(r, least), g_least = hn::Eq(g, least);
  const auto minus =
      hn::IfThenElse(r_most, hn::VecFromMask(d32, b_least),
                     hn::IfThenElse(g_most, hn::VecFromMask(d32, r_least), hn::VecFromMask(d32, g_least)));
  const auto falls = hn::MaskFromVec(minus);
  const Reals base = hn::IfThenElse(mask_f(r_most), hn::IfThenElse(mask_f(falls), hn::Set(d, 1.0f), hn::Set(d, -1.0f)),
                                    hn::Add(hn::IfThenElse(mask_f(g_most), hn::Set(d, 1.0f), hn::Set(d, 3.0f)),
                                            hn::IfThenElseZero(mask_f(falls), hn::Set(d, 2.0f))));
  const Reals sixths = hn::Add(base, hn::IfThenElse(mask_f(falls), hn::Neg(x), x));
  const Reals one = hn::Set(d, 1.0f), full = hn::Set(d, 255.0f);
  const Reals circle = hn::Add(hn::Div(sixths, hn::Set(d, 6.0f)), hn::IfThenElseZero(hn::Lt(sixths, hn::Zero(d)), one));
  const Reals share = hn::Div(range, hn::Max(hn::ConvertTo(d, most), one));
  const Ints h = hn::ConvertTo(d32, hn::Mul(circle, full));
  return {hn::IfThenElseZero(hn::Ne(most, least), h), hn::ConvertTo(d32, hn::Mul(share, full)), most};
}

HWY_INLINE Ints pick(hn::Mask<Lanes32> is_value, Ints value, hn::Mask<Lanes32> is_middle, Ints middle, Ints low) {
  return hn::IfThenElse(is_value, value, hn::IfThenElse(is_middle, middle, low));
}

struct Turn {
  Ints steps;

  HWY_INLINE void operator()(std::uint8_t* at) const {
    const Floats d;
    const Lanes32 d32;
    const Lanes8 d8;
    const HalfFloats half;
    hn::Vec<Lanes8> r8, g8, b8;
    hn::LoadInterleaved3(d8, at, r8, g8, b8);
    const Hsv hsv = hsv_of(hn::PromoteTo(d32, r8), hn::PromoteTo(d32, g8), hn::PromoteTo(d32, b8));
    const Ints six_h = hn::Mul(hn::And(hn::Add(hsv.h, steps), hn::Set(d32, 255)), hn::Set(d32, 6));
    // floor(6 h / 255): 4113 / 2^20 is above 1/255 by so little that all 6 h up to 1,530 are right.
    const Ints sixth = hn::ShiftRight<20>(hn::Mul(six_h, hn::Set(d32, 4113)));
    const Reals full = hn::Set(d, 255.0f);
    const Reals within = hn::Div(hn::ConvertTo(d, hn::Sub(six_h, hn::Mul(sixth, hn::Set(d32, 255)))), full);
    const Reals share = hn::Div(hn::ConvertTo(d, hsv.s), full);
    const Reals value = hn::ConvertTo(d, hsv.v);
    const Reals rest = hn::ConvertTo(d, hn::Mul(hsv.v, hn::Sub(hn::Set(d32, 255), hsv.s)));
    const Ints low = hn::ConvertTo(d32, hn::Add(hn::Mul(rest, hn::Set(d, 1.0f / 255)), hn::Set(d, 0.5f)));
    const Ramps a = ramps(hn::LowerHalf(half, value), hn::LowerHalf(half, share), hn::LowerHalf(half, within));
    const Ramps b = ramps(hn::UpperHalf(half, value), hn::UpperHalf(half, share), hn::UpperHalf(half, within));
    const auto odd = hn::TestBit(sixth, hn::Set(d32, 1));
    const Ints middle =
        hn::IfThenElse(odd, hn::Combine(d32, b.falling, a.falling), hn::Combine(d32, b.rising, a.rising));

    const auto is = [&](int n) HWY_ATTR { return hn::Eq(sixth, hn::Set(d32, n)); };
    const auto first = hn::Or(is(0), is(6)), second = is(1), third = is(2), fourth = is(3), fifth = is(4), last = is(5);
    const Ints r = pick(hn::Or(first, last), hsv.v, hn::Or(second, fifth), middle, low);
    const Ints g = pick(hn::Or(second, third), hsv.v, hn::Or(first, fourth), middle, low);
    const Ints b_out = pick(hn::Or(fourth, fifth), hsv.v, hn::Or(third, last), middle, low);
    hn::StoreInterleaved3(hn::DemoteTo(d8, r), hn::DemoteTo(d8, g), hn::DemoteTo(d8, b_out), d8, at);
  }
};

void turn_hues_any(std::uint8_t* rgb, std::size_t pixels, std::uint8_t steps) {
  const Turn turn{hn::Set(Lanes32(), steps)};
  std::size_t i = 0;
  for (; i + kPixels <= pixels; i += kPixels) turn(rgb + 3 * i);
  if (i == pixels) return;
  std::uint8_t tail[3 * kPixels] = {};
  std::memcpy(tail, rgb + 3 * i, 3 * (pixels - i));
  turn(tail);
  std::memcpy(rgb + 3 * i, tail, 3 * (pixels - i));
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace penstock::image::augment
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::image::augment {

HWY_EXPORT(turn_hues_any);

void turn_hues(std::uint8_t* rgb, std::size_t pixels, std::uint8_t steps) {
  HWY_DYNAMIC_DISPATCH(turn_hues_any)(rgb, pixels, steps);
}

}  // namespace penstock::image::augment
#endif
