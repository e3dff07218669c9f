#include "stages/image/augment/colour_kernels.h"

#include <cstring>

#include "stages/image/augment/colour_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stages/image/augment/colour_kernels.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::image::augment {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // CPUs without 128-bit vectors: one number after the other

void map_values_any(std::uint8_t* values, std::size_t count, const std::uint8_t* table) {
  for (std::size_t i = 0; i < count; ++i) values[i] = table[values[i]];
}

void map_channels_any(std::uint8_t* rgb, std::size_t pixels, const std::uint8_t* tables) {
  for (std::size_t i = 0; i < 3 * pixels; ++i) rgb[i] = tables[i % 3 * 256 + rgb[i]];
}

std::uint64_t sum_luma_any(const std::uint8_t* rgb, std::size_t pixels) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < pixels; ++i) sum += reference::luma(rgb + 3 * i);
  return sum;
}

void blend_luma_any(std::uint8_t* rgb, std::size_t pixels, float factor) {
  for (std::size_t i = 0; i < pixels; ++i) {
    const int grey = reference::luma(rgb + 3 * i);
    for (int c = 0; c < 3; ++c) rgb[3 * i + c] = reference::blend(grey, rgb[3 * i + c], factor);
  }
}

void sharpen_row_any(const std::uint8_t* above, const std::uint8_t* here, const std::uint8_t* below, std::size_t count,
                     float factor, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    int sum = 4 * here[i];
    for (const std::uint8_t* row : {above, here, below}) sum += (row + i)[-3] + row[i] + row[i + 3];
    out[i] = reference::blend((sum + 6) / 13, here[i], factor);
  }
}

#else

#if HWY_HAVE_SCALABLE
using Lanes8 = hn::FixedTag<std::uint8_t, 16>;
#else
using Lanes8 = hn::CappedTag<std::uint8_t, 64>;
#endif
using Lanes32 = hn::Repartition<std::int32_t, Lanes8>;
using Floats = hn::Repartition<float, Lanes8>;
using Lanes16 = hn::Repartition<std::int16_t, Lanes8>;
using Quarter8 = hn::Rebind<std::uint8_t, Lanes32>;  // as many bytes as there are i32
using Half8 = hn::Rebind<std::uint8_t, Lanes16>;
constexpr std::size_t kBytes = hn::MaxLanes(Lanes8());
constexpr std::size_t kPixels = kBytes / 4;  // worked on at once where a value takes 32 bits

// Runs `work` on stretches of kStep units of kUnit bytes; the last, shorter one on a copy with zeros behind it.
template <std::size_t kStep, std::size_t kUnit, class Work>
HWY_INLINE void each_stretch(std::uint8_t* data, std::size_t units, const Work& work) {
  std::size_t i = 0;
  for (; i + kStep <= units; i += kStep) work(data + i * kUnit);
  if (i == units) return;
  alignas(64) std::uint8_t tail[kStep * kUnit] = {};
  std::memcpy(tail, data + i * kUnit, (units - i) * kUnit);
  work(tail);
  std::memcpy(data + i * kUnit, tail, (units - i) * kUnit);
}

using Bytes = hn::Vec<Lanes8>;
using Mask = hn::Mask<Lanes8>;

// Looks 256 entries up: sixteen tables of sixteen, and a tree of choices by the higher four bits.
struct HighBits {
  Mask bit[4];
};

template <int kBits>
HWY_INLINE Bytes choose(Bytes low, const HighBits& high, const std::uint8_t* table) {
  if constexpr (kBits == 0) {
    return hn::TableLookupBytes(hn::LoadDup128(Lanes8(), table), low);
  } else {
    return hn::IfThenElse(high.bit[kBits - 1], choose<kBits - 1>(low, high, table + (16 << (kBits - 1))),
                          choose<kBits - 1>(low, high, table));
  }
}

HWY_INLINE Bytes look_up(Bytes v, const std::uint8_t* table) {
  const Lanes8 d;
  const HighBits high{{hn::TestBit(v, hn::Set(d, 16)), hn::TestBit(v, hn::Set(d, 32)), hn::TestBit(v, hn::Set(d, 64)),
                       hn::TestBit(v, hn::Set(d, 128))}};
  return choose<4>(hn::And(v, hn::Set(d, 15)), high, table);
}

struct MapValues {
  const std::uint8_t* table;
  HWY_INLINE void operator()(std::uint8_t* at) const {
    const Lanes8 d;
    hn::StoreU(look_up(hn::LoadU(d, at), table), d, at);
  }
};

void map_values_any(std::uint8_t* values, std::size_t count, const std::uint8_t* table) {
  alignas(16) std::uint8_t aligned[256];  // LoadDup128 wants it so
  std::memcpy(aligned, table, sizeof aligned);
  each_stretch<kBytes, 1>(values, count, MapValues{aligned});
}

struct MapChannels {
  const std::uint8_t* tables;
  HWY_INLINE void operator()(std::uint8_t* at) const {
    const Lanes8 d;
    Bytes r, g, b;
    hn::LoadInterleaved3(d, at, r, g, b);
    hn::StoreInterleaved3(look_up(r, tables), look_up(g, tables + 256), look_up(b, tables + 512), d, at);
  }
};

void map_channels_any(std::uint8_t* rgb, std::size_t pixels, const std::uint8_t* tables) {
  alignas(16) std::uint8_t aligned[768];
  std::memcpy(aligned, tables, sizeof aligned);
  each_stretch<kBytes, 3>(rgb, pixels, MapChannels{aligned});
}

using Ints = hn::Vec<Lanes32>;
using Reals = hn::Vec<Floats>;

struct Pixels {
  Ints r, g, b;
};

HWY_INLINE Pixels load(const std::uint8_t* rgb) {
  const Lanes32 d;
  const Quarter8 d8;
  hn::Vec<Quarter8> r, g, b;
  hn::LoadInterleaved3(d8, rgb, r, g, b);
  return {hn::PromoteTo(d, r), hn::PromoteTo(d, g), hn::PromoteTo(d, b)};
}

HWY_INLINE void store(const Pixels& p, std::uint8_t* rgb) {  // held in 0..255
  const Quarter8 d8;
  hn::StoreInterleaved3(hn::DemoteTo(d8, p.r), hn::DemoteTo(d8, p.g), hn::DemoteTo(d8, p.b), d8, rgb);
}

HWY_INLINE Ints luma(const Pixels& p) {
  const Lanes32 d;
  const Ints sum = hn::Add(hn::Add(hn::Mul(p.r, hn::Set(d, 19595)), hn::Mul(p.g, hn::Set(d, 38470))),
                           hn::Add(hn::Mul(p.b, hn::Set(d, 7471)), hn::Set(d, 0x8000)));
  return hn::ShiftRight<16>(sum);
}

std::uint64_t sum_luma_any(const std::uint8_t* rgb, std::size_t pixels) {
  const Lanes32 d;
  std::uint64_t total = 0;
  std::size_t i = 0;
  while (i + kPixels <= pixels) {
    Ints sum = hn::Zero(d);  // 2^16 lumas of 8 bits do not overflow
    for (int n = 0; n < (1 << 16) && i + kPixels <= pixels; ++n, i += kPixels)
      sum = hn::Add(sum, luma(load(rgb + 3 * i)));
    alignas(64) std::int32_t lanes[kPixels];
    hn::Store(sum, d, lanes);
    for (const std::int32_t lane : lanes) total += static_cast<std::uint64_t>(lane);
  }
  for (; i < pixels; ++i) total += reference::luma(rgb + 3 * i);
  return total;
}

HWY_INLINE Ints blend(Reals degenerate, Ints value, Reals factor) {
  const Floats d;
  const Reals mixed = hn::Add(degenerate, hn::Mul(factor, hn::Sub(hn::ConvertTo(d, value), degenerate)));
  return hn::ConvertTo(Lanes32(), hn::Clamp(mixed, hn::Zero(d), hn::Set(d, 255.0f)));
}

struct BlendLuma {
  float factor;
  HWY_INLINE void operator()(std::uint8_t* at) const {
    const Floats d;
    const Pixels p = load(at);
    const Reals grey = hn::ConvertTo(d, luma(p)), by = hn::Set(d, factor);
    store({blend(grey, p.r, by), blend(grey, p.g, by), blend(grey, p.b, by)}, at);
  }
};

void blend_luma_any(std::uint8_t* rgb, std::size_t pixels, float factor) {
  each_stretch<kPixels, 3>(rgb, pixels, BlendLuma{factor});
}

// Sum of three pixels side by side; i16.
HWY_INLINE hn::Vec<Lanes16> sum3(const std::uint8_t* at) {
  const Lanes16 d;
  const Half8 d8;
  return hn::Add(hn::Add(hn::PromoteTo(d, hn::LoadU(d8, at - 3)), hn::PromoteTo(d, hn::LoadU(d8, at))),
                 hn::PromoteTo(d, hn::LoadU(d8, at + 3)));
}

void sharpen_row_any(const std::uint8_t* above, const std::uint8_t* here, const std::uint8_t* below, std::size_t count,
                     float factor, std::uint8_t* out) {
  const Lanes16 d16;
  const Lanes32 d32;
  const Floats df;
  const Half8 d8;
  const hn::Half<Lanes16> half16;
  constexpr std::size_t kStep = kBytes / 2;
  const Reals by = hn::Set(df, factor);
  for (std::size_t i = 0; i < count; i += kStep) {
    const auto value = hn::PromoteTo(d16, hn::LoadU(d8, here + i));
    const auto sum =
        hn::Add(hn::Add(hn::Add(sum3(above + i), sum3(here + i)), sum3(below + i)), hn::ShiftLeft<2>(value));
    // (sum + 6) / 13: 5042 / 2^16 is above 1/13 by so little that all sums up to 6,545 are right.
    const auto smooth = hn::MulHigh(hn::Add(sum, hn::Set(d16, 6)), hn::Set(d16, 5042));
    const auto lower = blend(hn::ConvertTo(df, hn::PromoteTo(d32, hn::LowerHalf(half16, smooth))),
                             hn::PromoteTo(d32, hn::LowerHalf(half16, value)), by);
    const auto upper = blend(hn::ConvertTo(df, hn::PromoteTo(d32, hn::UpperHalf(half16, smooth))),
                             hn::PromoteTo(d32, hn::UpperHalf(half16, value)), by);
    const auto both = hn::Combine(d16, hn::DemoteTo(half16, upper), hn::DemoteTo(half16, lower));
    const auto bytes = hn::DemoteTo(d8, both);
    if (i + kStep <= count) {
      hn::StoreU(bytes, d8, out + i);
    } else {
      alignas(64) std::uint8_t tail[kStep];
      hn::StoreU(bytes, d8, tail);
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

HWY_EXPORT(map_values_any);
HWY_EXPORT(map_channels_any);
HWY_EXPORT(sum_luma_any);
HWY_EXPORT(blend_luma_any);
HWY_EXPORT(sharpen_row_any);

void map_values(std::uint8_t* values, std::size_t count, const std::uint8_t* table) {
  HWY_DYNAMIC_DISPATCH(map_values_any)(values, count, table);
}

void map_channels(std::uint8_t* rgb, std::size_t pixels, const std::uint8_t* tables) {
  HWY_DYNAMIC_DISPATCH(map_channels_any)(rgb, pixels, tables);
}

std::uint64_t sum_luma(const std::uint8_t* rgb, std::size_t pixels) {
  return HWY_DYNAMIC_DISPATCH(sum_luma_any)(rgb, pixels);
}

void blend_luma(std::uint8_t* rgb, std::size_t pixels, float factor) {
  HWY_DYNAMIC_DISPATCH(blend_luma_any)(rgb, pixels, factor);
}

void sharpen_row(const std::uint8_t* above, const std::uint8_t* here, const std::uint8_t* below, std::size_t count,
                 float factor, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(sharpen_row_any)(above, here, below, count, factor, out);
}

}  // namespace penstock::image::augment
#endif
