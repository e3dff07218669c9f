#include "stages/image/resize_kernels.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stages/image/resize_kernels.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::image {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // CPUs without 128-bit vectors: the same tables, one number after the other

int blocks() { return 1; }

std::uint8_t scaled(std::int64_t high, std::int64_t low) {
  const std::int64_t sum = (high << kLowBits) + low + (1 << (kWeightBits - 1));
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> kWeightBits, 0, 255));
}

void narrow_any(const PixelTaps& taps, const std::uint8_t* rgb, std::uint8_t* out) {
  const std::int16_t* weights = taps.weights.data();
  for (int x = 0; x < taps.pixels; ++x, weights += 16 * taps.pairs)
    for (int c = 0; c < 3; ++c) {
      std::int64_t high = 0, low = 0;
      for (int t = 0; t < 2 * taps.pairs; ++t) {
        const std::int16_t* lane = weights + t / 2 * 16 + 2 * c + t % 2;
        const int value = rgb[taps.byte_offset[x] + 3 * t + c];
        high += value * lane[0];
        low += value * lane[8];
      }
      out[3 * x + c] = scaled(high, low);
    }
}

void blend(const std::uint8_t* const* rows, const std::int32_t* weights, int count, int bytes, std::uint8_t* out) {
  for (int i = 0; i < bytes; ++i) {
    std::int32_t sum = 0;
    for (int t = 0; t < count; ++t) sum += rows[t][i] * weights[t];
    out[i] = scaled(0, sum);
  }
}

#else

// A vector holds one output pixel in each block of 16 bytes: lanes of i32 are r, g, b, 0.
#if HWY_HAVE_SCALABLE
using Lanes8 = hn::FixedTag<std::uint8_t, 16>;
#else
using Lanes8 = hn::CappedTag<std::uint8_t, 64>;
#endif
using Lanes16 = hn::Repartition<std::int16_t, Lanes8>;
using Lanes32 = hn::Repartition<std::int32_t, Lanes8>;
constexpr int kVectorBytes = static_cast<int>(hn::MaxLanes(Lanes8()));
constexpr int kBlocks = kVectorBytes / 16;
using Block = hn::FixedTag<std::uint8_t, 16>;

int blocks() { return kBlocks; }

template <int kCount>
HWY_INLINE hn::Vec<Lanes8> load_blocks(const std::uint8_t* base, const std::int32_t* offsets) {
  const Block block;
  if constexpr (kCount == 1) {
    return hn::LoadU(Lanes8(), base + offsets[0]);
  } else {
    const hn::FixedTag<std::uint8_t, kCount == 1 ? 16 : 32> two;
    const auto low = hn::Combine(two, hn::LoadU(block, base + offsets[1]), hn::LoadU(block, base + offsets[0]));
    if constexpr (kCount == 2) {
      return low;
    } else {
      const auto high = hn::Combine(two, hn::LoadU(block, base + offsets[3]), hn::LoadU(block, base + offsets[2]));
      return hn::Combine(Lanes8(), high, low);
    }
  }
}

template <class V>
HWY_INLINE V scaled(V high, V low) {
  const Lanes32 d;
  const V rounding = hn::Set(d, 1 << (kWeightBits - 1));
  return hn::ShiftRight<kWeightBits>(hn::Add(hn::ShiftLeft<kLowBits>(high), hn::Add(low, rounding)));
}

// Sums of products of neighbouring i16 lanes.
struct PairSum {
  hn::Vec<Lanes32> even, odd;
  HWY_INLINE void add(hn::Vec<Lanes16> a, hn::Vec<Lanes16> b) {
    even = hn::ReorderWidenMulAccumulate(Lanes32(), a, b, even, odd);
  }
  HWY_INLINE hn::Vec<Lanes32> total() const { return hn::RearrangeToOddPlusEven(even, odd); }
};

HWY_INLINE PairSum no_sum() { return {hn::Zero(Lanes32()), hn::Zero(Lanes32())}; }

// r0 . r1 . g0 . g1 . b0 . b1 . of a block r0 g0 b0 r1 g1 b1 ..., as u8 with zeros between: i16 pairs.
alignas(16) constexpr std::uint8_t kFirstPair[16] = {0, 128, 3, 128, 1,   128, 4,   128,
                                                     2, 128, 5, 128, 128, 128, 128, 128};
alignas(16) constexpr std::uint8_t kSecondPair[16] = {6, 128, 9,  128, 7,   128, 10,  128,
                                                      8, 128, 11, 128, 128, 128, 128, 128};
// Four pixels of r g b 0 to three bytes each.
alignas(16) constexpr std::uint8_t kDropFourth[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 128, 128, 128, 128};

template <int kPairs>  // 0: as many as taps.pairs says
void narrow(const PixelTaps& taps, const std::uint8_t* HWY_RESTRICT rgb, std::uint8_t* HWY_RESTRICT out) {
  const Lanes8 d8;
  const Lanes16 d16;
  const hn::Rebind<std::uint8_t, Lanes32> narrow8;  // four bytes a pixel
  const auto first_pair = hn::LoadDup128(d8, kFirstPair), second_pair = hn::LoadDup128(d8, kSecondPair);
  const auto drop_fourth = hn::LoadU(narrow8, kDropFourth);
  const int pairs = kPairs == 0 ? taps.pairs : kPairs;
  const std::int16_t* weights = taps.weights.data();
  constexpr int kStep = kVectorBytes / 2;  // i16 lanes
  for (int x = 0; x < taps.pixels; x += kBlocks) {
    PairSum high = no_sum(), low = no_sum();
    const std::int32_t* offsets = taps.byte_offset.data() + x;
    for (int p = 0; p < pairs; p += 2) {
      const auto bytes = load_blocks<kBlocks>(rgb + 6 * p, offsets);
      const auto one = hn::BitCast(d16, hn::TableLookupBytesOr0(bytes, first_pair));
      high.add(one, hn::LoadU(d16, weights));
      low.add(one, hn::LoadU(d16, weights + kStep));
      weights += 2 * kStep;
      if (p + 1 == pairs) break;
      const auto two = hn::BitCast(d16, hn::TableLookupBytesOr0(bytes, second_pair));
      high.add(two, hn::LoadU(d16, weights));
      low.add(two, hn::LoadU(d16, weights + kStep));
      weights += 2 * kStep;
    }
    const auto sums = scaled(high.total(), low.total());
    hn::StoreU(hn::TableLookupBytesOr0(hn::DemoteTo(narrow8, sums), drop_fourth), narrow8, out + 3 * x);
  }
}

void narrow_any(const PixelTaps& taps, const std::uint8_t* rgb, std::uint8_t* out) {
  switch (taps.pairs) {
    case 1: return narrow<1>(taps, rgb, out);
    case 2: return narrow<2>(taps, rgb, out);
    case 3: return narrow<3>(taps, rgb, out);
    case 4: return narrow<4>(taps, rgb, out);
    default: return narrow<0>(taps, rgb, out);
  }
}

// The i16 lanes a, b, a, b, ...
HWY_INLINE hn::Vec<Lanes16> pair_of(std::int32_t a, std::int32_t b) {
  return hn::BitCast(Lanes16(), hn::Set(Lanes32(), static_cast<std::int32_t>((static_cast<std::uint32_t>(a) & 0xFFFF) |
                                                                             static_cast<std::uint32_t>(b) << 16)));
}

void blend(const std::uint8_t* const* rows, const std::int32_t* weights, int count, int bytes, std::uint8_t* out) {
  const Lanes16 d16;
  const hn::Rebind<std::uint8_t, Lanes16> half8;
  constexpr int kStep = kVectorBytes / 2;
  for (int i = 0; i < bytes; i += kStep) {
    PairSum high_lower = no_sum(), high_upper = no_sum(), low_lower = no_sum(), low_upper = no_sum();
    for (int t = 0; t < count; t += 2) {
      const bool has_second = t + 1 < count;
      const std::int32_t w0 = weights[t], w1 = has_second ? weights[t + 1] : 0;
      const auto a = hn::PromoteTo(d16, hn::LoadU(half8, rows[t] + i));
      const auto b = has_second ? hn::PromoteTo(d16, hn::LoadU(half8, rows[t + 1] + i)) : hn::Zero(d16);
      const auto lower = hn::InterleaveLower(d16, a, b), upper = hn::InterleaveUpper(d16, a, b);
      const auto high = pair_of(w0 >> kLowBits, w1 >> kLowBits);
      const auto low = pair_of(w0 & ((1 << kLowBits) - 1), w1 & ((1 << kLowBits) - 1));
      high_lower.add(lower, high);
      high_upper.add(upper, high);
      low_lower.add(lower, low);
      low_upper.add(upper, low);
    }
    const auto lower = scaled(high_lower.total(), low_lower.total());
    const auto upper = scaled(high_upper.total(), low_upper.total());
    // Packs within blocks, the inverse of the interleaving above.
    const auto sums = hn::DemoteTo(half8, hn::ReorderDemote2To(d16, lower, upper));
    if (i + kStep <= bytes) {
      hn::StoreU(sums, half8, out + i);
    } else {
      alignas(64) std::uint8_t tail[64];
      hn::StoreU(sums, half8, tail);
      std::memcpy(out + i, tail, static_cast<std::size_t>(bytes - i));
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace penstock::image
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::image {

HWY_EXPORT(blocks);
HWY_EXPORT(narrow_any);
HWY_EXPORT(blend);

void PixelTaps::make(const ResizeTaps& taps, int width) {
  const int blocks = HWY_DYNAMIC_DISPATCH(blocks)();
  pixels = taps.outputs();
  pairs = (*std::max_element(taps.count.begin(), taps.count.end()) + 1) / 2;
  const int vectors = (pixels + blocks - 1) / blocks;
  byte_offset.assign(static_cast<std::size_t>(vectors) * blocks, 0);
  weights.assign(static_cast<std::size_t>(vectors) * pairs * 2 * blocks * 8, 0);
  for (int x = 0; x < pixels; ++x) {
    const int wanted = taps.first[x] - taps.inputs_begin();
    // Few taps at the right edge: begin further left, so that 2 * pairs inputs lie inside of the row.
    const int first = std::max(0, std::min(wanted, width - 2 * pairs));
    byte_offset[x] = first * 3;
    std::int16_t* lanes = weights.data() + static_cast<std::size_t>(x / blocks) * pairs * 2 * blocks * 8;
    for (int t = 0; t < taps.count[x]; ++t) {
      const std::int32_t weight = taps.weights[static_cast<std::size_t>(x) * taps.stride + t];
      const int input = wanted - first + t;
      std::int16_t* high = lanes + (input / 2 * 2 * blocks + x % blocks) * 8 + input % 2;
      std::int16_t* low = high + blocks * 8;
      for (int channel = 0; channel < 3; ++channel) {
        high[2 * channel] = static_cast<std::int16_t>(weight >> kLowBits);
        low[2 * channel] = static_cast<std::int16_t>(weight & ((1 << kLowBits) - 1));
      }
    }
  }
}

void narrow_row(const PixelTaps& taps, const std::uint8_t* rgb, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(narrow_any)(taps, rgb, out);
}

void blend_rows(const std::uint8_t* const* rows, const std::int32_t* weights, int count, int bytes, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(blend)(rows, weights, count, bytes, out);
}

}  // namespace penstock::image
#endif
