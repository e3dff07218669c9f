// mix_values() of mix.h, compiled once for each vector instruction set and chosen at run time (Highway). Integers: every
// target gives the same bytes.
#include "stages/image/augment/mix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stages/image/augment/mix_kernel.cc"
#include <hwy/foreach_target.h>  // compiles what stands between BEFORE and AFTER once for each target
// after foreach_target
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace penstock::image::augment {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void mix_any(std::uint8_t* into, const std::uint8_t* from, std::size_t count, int weight) {
  const hn::ScalableTag<std::uint16_t> d;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const std::size_t step = hn::Lanes(d);
  const auto a = hn::Set(d, static_cast<std::uint16_t>(weight)),
             b = hn::Set(d, static_cast<std::uint16_t>(256 - weight));
  std::size_t i = 0;
  for (; i + step <= count; i += step) {
    const auto x = hn::PromoteTo(d, hn::LoadU(d8, into + i)), y = hn::PromoteTo(d, hn::LoadU(d8, from + i));
    const auto sum = hn::Add(hn::Add(hn::Mul(x, a), hn::Mul(y, b)), hn::Set(d, 128));  // at most 65,408
    const hn::RebindToSigned<decltype(d)> signed_lanes;
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(signed_lanes, hn::ShiftRight<8>(sum))), d8, into + i);
  }
  for (; i < count; ++i) into[i] = static_cast<std::uint8_t>((into[i] * weight + from[i] * (256 - weight) + 128) >> 8);
}

}  // namespace HWY_NAMESPACE
}  // namespace penstock::image::augment
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace penstock::image::augment {

HWY_EXPORT(mix_any);

void mix_values(std::uint8_t* into, const std::uint8_t* from, std::size_t count, int weight) {
  HWY_DYNAMIC_DISPATCH(mix_any)(into, from, count, weight);
}

}  // namespace penstock::image::augment
#endif
