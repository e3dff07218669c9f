#include "io/table/packed/narrow.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

template <class T, class Wide>
void copy_as(std::span<const Wide> values, std::byte* out) {
  T* const into = reinterpret_cast<T*>(out);
  for (size_t i = 0; i < values.size(); ++i) into[i] = static_cast<T>(values[i]);
}

template <class T>
bool holds(int64_t least, int64_t most) {
  return least >= std::numeric_limits<T>::min() && most <= std::numeric_limits<T>::max();
}

template <class Wide>
void narrow_ints(Stored as, std::span<const Wide> values, std::byte* out) {
  switch (width_of(as)) {
    case 1: return copy_as<int8_t>(values, out);
    case 2: return copy_as<int16_t>(values, out);
    case 4: return copy_as<int32_t>(values, out);
    case 8: return copy_as<int64_t>(values, out);
    default: PENSTOCK_CHECK(false && "no width of ints");
  }
}

}  // namespace

void NumberRange::add(std::span<const int64_t> values) {
  for (const int64_t value : values) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
}

void NumberRange::add(std::span<const double> values) {
  bool fits = fits_f32;
  for (const double value : values) {
    // A double past the largest float has no float at all: converting it is undefined.
    const bool in_range = std::isinf(value) || !(std::fabs(value) > std::numeric_limits<float>::max());
    fits &= std::isnan(value) || (in_range && static_cast<double>(static_cast<float>(value)) == value);
  }
  fits_f32 = fits;
}

Stored NumberRange::ints() const {
  if (holds<int8_t>(least, most)) return Stored::kI8;
  if (holds<int16_t>(least, most)) return Stored::kI16;
  if (holds<int32_t>(least, most)) return Stored::kI32;
  return Stored::kI64;
}

Stored codes_width(uint64_t count) {
  if (count <= 128) return Stored::kI8;
  return count <= 32768 ? Stored::kI16 : Stored::kI32;
}

void narrow(Stored as, std::span<const int64_t> values, std::byte* out) { narrow_ints(as, values, out); }
void narrow(Stored as, std::span<const uint32_t> values, std::byte* out) { narrow_ints(as, values, out); }
void narrow(Stored as, std::span<const double> values, std::byte* out) {
  as == Stored::kF32 ? copy_as<float>(values, out) : copy_as<double>(values, out);
}

void pack_bits(std::span<const uint8_t> bytes, bool flip, uint8_t* out) {
  std::fill(out, out + (bytes.size() + 7) / 8, uint8_t{0});
  for (size_t i = 0; i < bytes.size(); ++i) out[i >> 3] |= static_cast<uint8_t>(((bytes[i] != 0) != flip) << (i & 7));
}

}  // namespace penstock::io
