#include "stages/image/jpeg/jpeg_kernels.h"

#include <algorithm>
#include <cstring>

#include "stages/image/jpeg/blocks.h"
#include "stages/image/jpeg/jpeg_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stages/image/jpeg/jpeg_kernels.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::image {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_HAVE_SCALABLE  // no vectors of a fixed number of 16-byte blocks

void idct(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples, std::size_t stride) {
  idct_group_reference(coefficients, quant, samples, stride);
}

void idct_half(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples, std::size_t stride) {
  idct_group_half_reference(coefficients, quant, samples, stride);
}

void convert(ChromaShape shape, const YccRow& row, int pixels, std::uint8_t* rgb) {
  ycc_to_rgb_reference(shape, row, pixels, rgb);
}

void convert_grey(const std::uint8_t* luma, int pixels, std::uint8_t* rgb) {
  for (int i = 0; i < 3 * pixels; ++i) rgb[i] = luma[i / 3];
}

#else

// Vectors of whole 16-byte blocks, at most as wide as a group's row. One block of i16 is a row of one 8x8 block.
using D16 = hn::CappedTag<std::int16_t, 8 * kGroup>;
using D32 = hn::Repartition<std::int32_t, D16>;
using V16 = hn::Vec<D16>;
using V32 = hn::Vec<D32>;
constexpr int kStep = static_cast<int>(hn::MaxLanes(D16()));

// a * even lane + b * odd lane of a pair, for constants.
HWY_INLINE V16 pair_of(int a, int b) {
  return hn::BitCast(D16(), hn::Set(D32(), static_cast<std::int32_t>((static_cast<std::uint32_t>(a) & 0xFFFF) |
                                                                     static_cast<std::uint32_t>(b) << 16)));
}
HWY_INLINE V32 pair_sum(V16 pairs, V16 weights) {
  V32 odd = hn::Zero(D32());
  const V32 even = hn::ReorderWidenMulAccumulate(D32(), pairs, weights, hn::Zero(D32()), odd);
  return hn::RearrangeToOddPlusEven(even, odd);
}

// Two rows of i16 as i32: the lower and upper halves of each block.
struct Wide {
  V32 lower, upper;
};
HWY_INLINE Wide operator+(Wide a, Wide b) { return {hn::Add(a.lower, b.lower), hn::Add(a.upper, b.upper)}; }
HWY_INLINE Wide operator-(Wide a, Wide b) { return {hn::Sub(a.lower, b.lower), hn::Sub(a.upper, b.upper)}; }

// a * weight_a + b * weight_b
struct Pairs {
  V16 lower, upper;
  HWY_INLINE Pairs(V16 a, V16 b) : lower(hn::InterleaveLower(D16(), a, b)), upper(hn::InterleaveUpper(D16(), a, b)) {}
  HWY_INLINE Wide times(int a, int b) const {
    const V16 weights = pair_of(a, b);
    return {pair_sum(lower, weights), pair_sum(upper, weights)};
  }
};

constexpr int kBits = 13;  // of the constants below: CONST_BITS

template <int kShift = kBits>
HWY_INLINE Wide scaled_up(V16 v) {
  const V16 zero = hn::Zero(D16());
  return {hn::ShiftRight<16 - kShift>(hn::BitCast(D32(), hn::InterleaveLower(D16(), zero, v))),
          hn::ShiftRight<16 - kShift>(hn::BitCast(D32(), hn::InterleaveUpper(D16(), zero, v)))};
}

template <int kShift>
HWY_INLINE V16 descaled(Wide v) {
  const V32 half = hn::Set(D32(), 1 << (kShift - 1));
  return hn::ReorderDemote2To(D16(), hn::ShiftRight<kShift>(hn::Add(v.lower, half)),
                              hn::ShiftRight<kShift>(hn::Add(v.upper, half)));
}

// One dimension: 8 points in 8 vectors.
template <int kShift>
HWY_INLINE void idct_pass(V16 (&v)[8]) {
  const Pairs even26(v[2], v[6]);
  const Wide t2 = even26.times(4433, 4433 - 15137), t3 = even26.times(4433 + 6270, 4433);
  const Wide t0 = scaled_up(hn::Add(v[0], v[4])), t1 = scaled_up(hn::Sub(v[0], v[4]));
  const Wide t10 = t0 + t3, t13 = t0 - t3, t11 = t1 + t2, t12 = t1 - t2;
  const Pairs z34(hn::Add(v[7], v[3]), hn::Add(v[5], v[1]));
  const Wide z3 = z34.times(9633 - 16069, 9633), z4 = z34.times(9633, 9633 - 3196);
  const Pairs p71(v[7], v[1]), p53(v[5], v[3]);
  const Wide o0 = p71.times(2446 - 7373, -7373) + z3;
  const Wide o3 = p71.times(-7373, 12299 - 7373) + z4;
  const Wide o1 = p53.times(16819 - 20995, -20995) + z4;
  const Wide o2 = p53.times(-20995, 25172 - 20995) + z3;
  v[0] = descaled<kShift>(t10 + o3);
  v[7] = descaled<kShift>(t10 - o3);
  v[1] = descaled<kShift>(t11 + o2);
  v[6] = descaled<kShift>(t11 - o2);
  v[2] = descaled<kShift>(t12 + o1);
  v[5] = descaled<kShift>(t12 - o1);
  v[3] = descaled<kShift>(t13 + o0);
  v[4] = descaled<kShift>(t13 - o0);
}

// Each 8x8 block within its lanes: interleaving rows r and r + 4 three times turns the six bits of a place by three.
HWY_INLINE void transpose(V16 (&v)[8]) {
  for (int round = 0; round < 3; ++round) {
    const V16 a[8] = {v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
    for (int i = 0; i < 4; ++i) {
      v[2 * i] = hn::InterleaveLower(D16(), a[i], a[i + 4]);
      v[2 * i + 1] = hn::InterleaveUpper(D16(), a[i], a[i + 4]);
    }
  }
}

// A row of a group's coefficients, dequantised, and zeroed for the next ones.
HWY_INLINE V16 take_row(std::int16_t* coefficients, const std::int16_t* quant, int row, int part) {
  const D16 d;
  std::int16_t* const at = coefficients + row * 8 * kGroup + part;
  const V16 v = hn::Mul(hn::Load(d, at), hn::LoadDup128(d, quant + row * 8));
  hn::Store(hn::Zero(d), d, at);
  return v;
}

// Whether the shortcut of jpeg_reference.cc would show: the first row, times four, leaves 16 bits.
HWY_INLINE bool is_extreme(const std::int16_t* coefficients, const std::int16_t* quant) {
  const D16 d;
  const V16 most = hn::Set(d, 8191);
  for (int part = 0; part < 8 * kGroup; part += kStep) {
    const V16 v = hn::Mul(hn::Load(d, coefficients + part), hn::LoadDup128(d, quant));
    if (!hn::AllFalse(d, hn::Or(hn::Gt(v, most), hn::Lt(v, hn::Neg(most))))) return true;
  }
  return false;
}

HWY_INLINE auto to_samples(V16 v) {
  const hn::Rebind<std::uint8_t, D16> d8;
  return hn::DemoteTo(d8, hn::SaturatedAdd(v, hn::Set(D16(), 128)));
}

void idct(std::int16_t* HWY_RESTRICT coefficients, const std::int16_t* HWY_RESTRICT quant,
          std::uint8_t* HWY_RESTRICT samples, std::size_t stride) {
  if (HWY_UNLIKELY(is_extreme(coefficients, quant))) return idct_group_reference(coefficients, quant, samples, stride);
  const hn::Rebind<std::uint8_t, D16> d8;
  for (int part = 0; part < 8 * kGroup; part += kStep) {
    V16 v[8];
    for (int r = 0; r < 8; ++r) v[r] = take_row(coefficients, quant, r, part);
    idct_pass<kBits - 2>(v);
    transpose(v);
    idct_pass<kBits + 2 + 3>(v);
    transpose(v);
    for (int r = 0; r < 8; ++r) hn::StoreU(to_samples(v[r]), d8, samples + static_cast<std::size_t>(r) * stride + part);
  }
}

// Eight points to four; the other vectors become zero.
template <int kShift>
HWY_INLINE void half_pass(V16 (&v)[8]) {
  const Wide middle = scaled_up<kBits + 1>(v[0]), side = Pairs(v[2], v[6]).times(15137, -6270);
  const Pairs high(v[7], v[5]), low(v[3], v[1]);
  const Wide a = high.times(-1730, 11893) + low.times(-17799, 8697);
  const Wide b = high.times(-4176, -4926) + low.times(7373, 20995);
  const Wide outer = middle + side, inner = middle - side;
  v[0] = descaled<kShift>(outer + b);
  v[3] = descaled<kShift>(outer - b);
  v[1] = descaled<kShift>(inner + a);
  v[2] = descaled<kShift>(inner - a);
  for (int i = 4; i < 8; ++i) v[i] = hn::Zero(D16());
}

void idct_half(std::int16_t* HWY_RESTRICT coefficients, const std::int16_t* HWY_RESTRICT quant,
               std::uint8_t* HWY_RESTRICT samples, std::size_t stride) {
  if (HWY_UNLIKELY(is_extreme(coefficients, quant)))
    return idct_group_half_reference(coefficients, quant, samples, stride);
  const hn::Rebind<std::uint8_t, D16> d8;
  for (int part = 0; part < 8 * kGroup; part += kStep) {
    V16 v[8];
    for (int r = 0; r < 8; ++r) v[r] = take_row(coefficients, quant, r, part);
    half_pass<kBits - 2 + 1>(v);
    transpose(v);
    half_pass<kBits + 2 + 3 + 1>(v);
    transpose(v);
    for (int r = 0; r < 4; ++r) {
      alignas(64) std::uint8_t row[8 * kGroup];
      hn::Store(to_samples(v[r]), d8, row);
      std::uint8_t* to = samples + static_cast<std::size_t>(r) * stride + part / 2;
      for (int block = 0; block < kStep / 8; ++block) std::memcpy(to + block * 4, row + block * 8, 4);
    }
  }
}

// Pixels in pairs: even ones and odd ones, as i16.
struct Both {
  V16 even, odd;
};

HWY_INLINE Both split(const std::uint8_t* samples) {
  const hn::Repartition<std::uint8_t, D16> d8;
  const hn::Repartition<std::uint16_t, D16> du16;
  const auto pairs = hn::BitCast(du16, hn::LoadU(d8, samples));
  return {hn::BitCast(D16(), hn::And(pairs, hn::Set(du16, 255))), hn::BitCast(D16(), hn::ShiftRight<8>(pairs))};
}

HWY_INLINE V16 wide(const std::uint8_t* samples) {
  const hn::Rebind<std::uint8_t, D16> d8;
  return hn::PromoteTo(D16(), hn::LoadU(d8, samples));
}

HWY_INLINE V16 three_to_one(V16 three, V16 one) { return hn::Add(hn::Add(three, hn::Add(three, three)), one); }

template <ChromaShape kShape>
HWY_INLINE Both chroma(const std::uint8_t* near, const std::uint8_t* far, V16 down_bias) {
  const D16 d;
  if constexpr (kShape == ChromaShape::kFull) {
    return split(near);
  } else if constexpr (kShape == ChromaShape::kHalfDown) {
    const Both a = split(near), b = split(far);
    return {hn::ShiftRight<2>(hn::Add(three_to_one(a.even, b.even), down_bias)),
            hn::ShiftRight<2>(hn::Add(three_to_one(a.odd, b.odd), down_bias))};
  } else if constexpr (kShape == ChromaShape::kHalfAcross) {
    const V16 middle = wide(near);
    return {hn::ShiftRight<2>(hn::Add(three_to_one(middle, wide(near - 1)), hn::Set(d, 1))),
            hn::ShiftRight<2>(hn::Add(three_to_one(middle, wide(near + 1)), hn::Set(d, 2)))};
  } else {
    const V16 middle = three_to_one(wide(near), wide(far));
    const V16 left = three_to_one(wide(near - 1), wide(far - 1)), right = three_to_one(wide(near + 1), wide(far + 1));
    return {hn::ShiftRight<4>(hn::Add(three_to_one(middle, left), hn::Set(d, 8))),
            hn::ShiftRight<4>(hn::Add(three_to_one(middle, right), hn::Set(d, 7)))};
  }
}

struct Rgb {
  V16 red, green, blue;
};

// 1.402 Cr, 1.772 Cb and -0.34414 Cb - 0.71414 Cr, each rounded as with 16 fractional bits. Constants past a half are
// taken by their distance from 1 or 2, so that they fit in 16 bits.
HWY_INLINE Rgb to_rgb(V16 luma, V16 blue, V16 red) {
  const D16 d;
  const V16 middle = hn::Set(d, 128), one = hn::Set(d, 1), top = hn::Set(d, 255), zero = hn::Zero(d);
  const V16 cb = hn::Sub(blue, middle), cr = hn::Sub(red, middle);
  const V16 cb2 = hn::Add(cb, cb), cr2 = hn::Add(cr, cr);
  const V16 r = hn::Add(cr, hn::ShiftRight<1>(hn::Add(hn::MulHigh(cr2, hn::Set(d, 26345)), one)));
  const V16 b = hn::Add(cb2, hn::ShiftRight<1>(hn::Add(hn::MulHigh(cb2, hn::Set(d, -14942)), one)));
  const V32 half = hn::Set(D32(), 1 << 15);
  const V16 weights = pair_of(-22554, 18734);
  const V32 lower = hn::ShiftRight<16>(hn::Add(pair_sum(hn::InterleaveLower(d, cb, cr), weights), half));
  const V32 upper = hn::ShiftRight<16>(hn::Add(pair_sum(hn::InterleaveUpper(d, cb, cr), weights), half));
  const V16 g = hn::Sub(hn::ReorderDemote2To(d, lower, upper), cr);
  const auto clamped = [&](V16 v) { return hn::Min(hn::Max(hn::Add(luma, v), zero), top); };
  return {clamped(r), clamped(g), clamped(b)};
}

HWY_INLINE auto joined(V16 even, V16 odd) {
  const hn::Repartition<std::uint8_t, D16> d8;
  return hn::BitCast(d8, hn::Or(even, hn::ShiftLeft<8>(odd)));
}

template <ChromaShape kShape>
void to_rgb_row(const YccRow& row, int pixels, std::uint8_t* HWY_RESTRICT rgb) {
  const hn::Repartition<std::uint8_t, D16> d8;
  constexpr int kPixels = 2 * kStep;
  constexpr bool kIsHalf = kShape == ChromaShape::kHalfAcross || kShape == ChromaShape::kQuarter;
  const V16 bias = hn::Set(D16(), static_cast<std::int16_t>(row.far_is_above ? 1 : 2));
  for (int x = 0; x < pixels; x += kPixels) {
    const int c = kIsHalf ? x / 2 : x;
    const Both luma = split(row.luma + x);
    const Both blue = chroma<kShape>(row.blue_near + c, row.blue_far + c, bias);
    const Both red = chroma<kShape>(row.red_near + c, row.red_far + c, bias);
    const Rgb even = to_rgb(luma.even, blue.even, red.even), odd = to_rgb(luma.odd, blue.odd, red.odd);
    hn::StoreInterleaved3(joined(even.red, odd.red), joined(even.green, odd.green), joined(even.blue, odd.blue), d8,
                          rgb + 3 * x);
  }
}

void convert(ChromaShape shape, const YccRow& row, int pixels, std::uint8_t* rgb) {
  switch (shape) {
    case ChromaShape::kFull: return to_rgb_row<ChromaShape::kFull>(row, pixels, rgb);
    case ChromaShape::kHalfAcross: return to_rgb_row<ChromaShape::kHalfAcross>(row, pixels, rgb);
    case ChromaShape::kHalfDown: return to_rgb_row<ChromaShape::kHalfDown>(row, pixels, rgb);
    case ChromaShape::kQuarter: return to_rgb_row<ChromaShape::kQuarter>(row, pixels, rgb);
  }
}

void convert_grey(const std::uint8_t* luma, int pixels, std::uint8_t* rgb) {
  const hn::Repartition<std::uint8_t, D16> d8;
  for (int x = 0; x < pixels; x += 2 * kStep) {
    const auto v = hn::LoadU(d8, luma + x);
    hn::StoreInterleaved3(v, v, v, d8, rgb + 3 * x);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace penstock::image
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::image {

HWY_EXPORT(idct);
HWY_EXPORT(idct_half);
HWY_EXPORT(convert);
HWY_EXPORT(convert_grey);

void idct_group(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples, std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(idct)(coefficients, quant, samples, stride);
}

void idct_group_dc(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples, std::size_t stride) {
  std::uint8_t row[8 * kGroup];
  for (int block = 0; block < kGroup; ++block) {
    const int dc = static_cast<std::int16_t>(coefficients[8 * block] * quant[0]);
    const int columns = static_cast<std::int16_t>(4 * dc);
    std::memset(row + 8 * block, std::clamp(((columns + 16) >> 5) + 128, 0, 255), 8);
    coefficients[8 * block] = 0;
  }
  for (int r = 0; r < 8; ++r) std::memcpy(samples + static_cast<std::size_t>(r) * stride, row, sizeof row);
}

void idct_group_half(std::int16_t* coefficients, const std::int16_t* quant, std::uint8_t* samples, std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(idct_half)(coefficients, quant, samples, stride);
}

void ycc_to_rgb(ChromaShape shape, const YccRow& row, int pixels, std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(convert)(shape, row, pixels, rgb);
}

void grey_to_rgb(const std::uint8_t* luma, int pixels, std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(convert_grey)(luma, pixels, rgb);
}

}  // namespace penstock::image
#endif
