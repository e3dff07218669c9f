#include "stages/image/geometry/warp_kernels.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stages/image/geometry/warp_kernels.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::image::geometry {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // CPUs without 128-bit vectors: one pixel after the other

void places_any(const PlacesOfRow& row, std::size_t count, std::int32_t* across, std::int32_t* down) {
  reference::places_of_row(row, count, across, down);
}
void nearest_any(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                 const Colour& fill, std::uint8_t* rgb) {
  reference::look_up_nearest(framed, across, down, count, fill, rgb);
}
void bilinear_any(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                  const Colour& fill, std::uint8_t* rgb) {
  reference::look_up_bilinear(framed, across, down, count, fill, rgb);
}

#else

#if HWY_HAVE_SCALABLE
using Lanes32 = hn::FixedTag<std::int32_t, 4>;
#else
using Lanes32 = hn::CappedTag<std::int32_t, kPlaceStep>;
#endif
using Lanes16 = hn::Repartition<std::int16_t, Lanes32>;
using Lanes8 = hn::Repartition<std::uint8_t, Lanes32>;
using Pixels32 = hn::RebindToUnsigned<Lanes32>;
using Doubles = hn::CappedTag<double, hn::MaxLanes(Lanes32()) / 2>;
using Halves32 = hn::Rebind<std::int32_t, Doubles>;
using Ints = hn::Vec<Lanes32>;
using Shorts = hn::Vec<Lanes16>;
constexpr std::size_t kPixels = hn::MaxLanes(Lanes32());
constexpr std::int32_t kOne = 1 << kPlaceBits;

// `kDivides` is row.divides.
template <bool kDivides>
void places(const PlacesOfRow& row, std::size_t count, std::int32_t* across, std::int32_t* down) {
  const Doubles d;
  const Halves32 d32;
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0), unit = hn::Set(d, static_cast<double>(kOne));
  const auto end = hn::Set(d, static_cast<double>(count));
  const auto width = hn::Set(d, static_cast<double>(row.width)), height = hn::Set(d, static_cast<double>(row.height));
  const auto line = [&](double step, double start, hn::Vec<Doubles> at) HWY_ATTR {
    return hn::Add(hn::Mul(hn::Set(d, step), at), hn::Set(d, start));  // not MulAdd: not all CPUs have it
  };
  const std::size_t stop = (count + kPlaceStep - 1) / kPlaceStep * kPlaceStep;
  for (std::size_t i = 0; i < stop; i += hn::MaxLanes(d)) {
    const auto at = hn::Iota(d, static_cast<double>(i));
    auto x = line(row.across_step, row.across_0, at), y = line(row.down_step, row.down_0, at);
    if constexpr (kDivides) {
      const auto depth = hn::Div(one, line(row.depth_step, row.depth_0, at));
      x = hn::Mul(x, depth);
      y = hn::Mul(y, depth);
    }
    // What is no number is not inside.
    const auto inside = hn::And(hn::And(hn::Lt(at, end), hn::And(hn::Ge(x, zero), hn::Lt(x, width))),
                                hn::And(hn::Ge(y, zero), hn::Lt(y, height)));
    x = hn::IfThenElse(inside, x, hn::Neg(one));
    y = hn::IfThenElseZero(inside, y);
    hn::StoreU(hn::DemoteTo(d32, hn::Mul(x, unit)), d32, across + i);
    hn::StoreU(hn::DemoteTo(d32, hn::Mul(y, unit)), d32, down + i);
  }
}

void places_any(const PlacesOfRow& row, std::size_t count, std::int32_t* across, std::int32_t* down) {
  row.divides ? places<true>(row, count, across, down) : places<false>(row, count, across, down);
}

// kPixels pixels, a byte of rubbish behind each three.
HWY_INLINE Ints gather(const Framed& framed, Ints column, Ints row, int extra) {
  const Lanes32 d;
  const Ints offset = hn::Add(hn::Mul(row, hn::Set(d, framed.stride)), hn::Mul(column, hn::Set(d, 3)));
  return hn::GatherOffset(d, reinterpret_cast<const std::int32_t*>(framed.data + extra), offset);
}

// Drops each fourth byte and writes 3 * kPixels bytes exactly.
HWY_INLINE void store_pixels(Ints pixels, std::uint8_t* rgb) {
  alignas(16) static constexpr std::uint8_t kThree[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0};
  const Lanes8 d8;
  HWY_ALIGN std::uint8_t packed[4 * kPixels];
  hn::Store(hn::TableLookupBytes(hn::BitCast(d8, pixels), hn::LoadDup128(d8, kThree)), d8, packed);
  for (std::size_t block = 0; block < kPixels / 4; ++block) std::memcpy(rgb + 12 * block, packed + 16 * block, 12);
}

// Calls value(places across, places down) for kPixels pixels at a time and puts `fill` where they are outside.
template <class Value>
HWY_INLINE void each_place(const std::int32_t* across, const std::int32_t* down, std::size_t count, const Colour& fill,
                           std::uint8_t* rgb, const Value& value) {
  const Lanes32 d;
  const Ints colour = hn::Set(d, fill[0] | fill[1] << 8 | fill[2] << 16);
  for (std::size_t i = 0; i < count; i += kPixels) {
    const Ints x = hn::LoadU(d, across + i), y = hn::LoadU(d, down + i);
    const Ints pixels = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), colour, value(hn::Max(x, hn::Zero(d)), y));
    if (i + kPixels <= count) {
      store_pixels(pixels, rgb + 3 * i);
    } else {
      std::uint8_t tail[3 * kPixels];
      store_pixels(pixels, tail);
      std::memcpy(rgb + 3 * i, tail, 3 * (count - i));
    }
  }
}

void nearest_any(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                 const Colour& fill, std::uint8_t* rgb) {
  each_place(across, down, count, fill, rgb, [&](Ints x, Ints y) HWY_ATTR {
    const Ints one = hn::Set(Lanes32(), 1);
    return gather(framed, hn::Add(hn::ShiftRight<kPlaceBits>(x), one), hn::Add(hn::ShiftRight<kPlaceBits>(y), one), 0);
  });
}

HWY_INLINE Shorts between(Shorts a, Shorts b, Shorts share) {
  return hn::Add(a, hn::MulFixedPoint15(hn::Sub(b, a), share));
}

// The share of 15 bits of a place, twice in its 32 bits.
HWY_INLINE Shorts share_of(Ints place) {
  const Lanes32 d;
  const Ints share = hn::And(hn::ShiftRight<1>(place), hn::Set(d, kOne / 2 - 1));
  return hn::BitCast(Lanes16(), hn::Or(share, hn::ShiftLeft<16>(share)));
}

void bilinear_any(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                  const Colour& fill, std::uint8_t* rgb) {
  const Lanes32 d;
  const Lanes16 d16;
  const Pixels32 du;
  const Ints half = hn::Set(d, kOne / 2);
  const auto low = hn::Set(du, 0x00FF00FFu), high = hn::Set(du, 0xFF00FF00u);
  // Bytes 0 and 2, and bytes 1 and 3, of each pixel, as 15 bits.
  const auto even = [&](Ints p)
                        HWY_ATTR { return hn::BitCast(d16, hn::ShiftLeft<7>(hn::And(hn::BitCast(du, p), low))); };
  const auto odd = [&](Ints p)
                       HWY_ATTR { return hn::BitCast(d16, hn::ShiftRight<1>(hn::And(hn::BitCast(du, p), high))); };
  each_place(across, down, count, fill, rgb, [&](Ints x, Ints y) HWY_ATTR {
    x = hn::Add(x, half);
    y = hn::Add(y, half);
    const Ints column = hn::ShiftRight<kPlaceBits>(x), row = hn::ShiftRight<kPlaceBits>(y);
    const Ints top = gather(framed, column, row, 0), top_right = gather(framed, column, row, 3);
    const Ints bottom = gather(framed, column, row, framed.stride);
    const Ints bottom_right = gather(framed, column, row, framed.stride + 3);
    const Shorts share_x = share_of(x), share_y = share_of(y);
    const Shorts evens = between(between(even(top), even(top_right), share_x),
                                 between(even(bottom), even(bottom_right), share_x), share_y);
    const Shorts odds =
        between(between(odd(top), odd(top_right), share_x), between(odd(bottom), odd(bottom_right), share_x), share_y);
    const auto even_values = hn::And(hn::ShiftRight<7>(hn::BitCast(du, evens)), low);
    const auto odd_values = hn::And(hn::ShiftLeft<1>(hn::BitCast(du, odds)), high);
    return hn::BitCast(d, hn::Or(even_values, odd_values));
  });
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace penstock::image::geometry
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::image::geometry {

HWY_EXPORT(places_any);
HWY_EXPORT(nearest_any);
HWY_EXPORT(bilinear_any);

void places_of_row(const PlacesOfRow& row, std::size_t count, std::int32_t* across, std::int32_t* down) {
  HWY_DYNAMIC_DISPATCH(places_any)(row, count, across, down);
}
void look_up_nearest(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                     const Colour& fill, std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(nearest_any)(framed, across, down, count, fill, rgb);
}
void look_up_bilinear(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                      const Colour& fill, std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(bilinear_any)(framed, across, down, count, fill, rgb);
}

}  // namespace penstock::image::geometry
#endif
