// The body of the normalising kernel and of its twin: sixteen bytes of output at a time.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "stages/device/normalise.h"
#include "stages/device/rounding.h"

namespace penstock::device {

/// The bits of one output value: uint32_t for f32, uint16_t for f16 and bf16.
template <class Bits>
constexpr Bits normalised_bits(const Normalise& job, int channel, int v) {
  const float value = (static_cast<float>(v) / 255.0f - job.mean[channel]) / job.std[channel];
  if constexpr (sizeof(Bits) == 4) {
    return std::bit_cast<Bits>(value);
  } else {
    return job.type == DType::kF16 ? f16_bits(value) : bf16_bits(value);
  }
}

/// The values of sixteen bytes, and four that are loaded at once.
template <class Bits>
struct Out16 {
  static constexpr int kValues = 16 / sizeof(Bits);
  Bits values[kValues];
};
struct alignas(4) In4 {
  uint8_t values[4];
};

/// How a program without CUDA stores sixteen bytes at once.
struct StoreByCopy {
  void operator()(void* to, const uint32_t (&words)[4]) const { std::memcpy(to, words, sizeof words); }
};

template <class Bits, class Store>
constexpr void store16(Bits* to, const Out16<Bits>& out, const Store& store) {
  const Bits* v = out.values;
  if constexpr (sizeof(Bits) == 4) {
    store(to, {v[0], v[1], v[2], v[3]});
  } else {
    const auto two = [&](int k) { return v[k] | uint32_t{v[k + 1]} << 16; };  // little-endian, as all of these devices
    store(to, {two(0), two(2), two(4), two(6)});
  }
}

/// Group `g` of kValues outputs: of one channel and as many pixels of a picture side by side, or of one after the other in
/// channels-last. `table` is (channels, 256) of normalised_bits. kChannels 0: as the job says.
template <class Bits, int kChannels>
struct NormaliseGroup {
  static constexpr int kValues = Out16<Bits>::kValues;
  Normalise job;
  bool whole;  ///< every group is full and aligned

  explicit NormaliseGroup(const Normalise& of) : job(of) {
    const int64_t side_by_side = job.channels_last ? values() : plane();
    const auto at = [](const void* p) { return reinterpret_cast<uintptr_t>(p); };
    whole = side_by_side % kValues == 0 && at(job.out) % 16 == 0 && at(job.images) % 4 == 0;
  }
  constexpr int channels() const { return kChannels > 0 ? kChannels : job.channels; }
  constexpr int64_t plane() const { return job.height * job.width; }
  constexpr int64_t values() const { return job.count * plane() * channels(); }
  constexpr int64_t groups_of_plane() const { return (plane() + kValues - 1) / kValues; }
  constexpr int64_t groups() const {
    return job.channels_last ? (values() + kValues - 1) / kValues : job.count * groups_of_plane();
  }

  /// `store(to, words)` puts four words to an address aligned to 16 bytes.
  template <class Store>
  constexpr void operator()(int64_t g, const Bits* table, const Store& store) const {
    job.channels_last ? interleaved(g, table, store) : planes(g, table, store);
  }

 private:
  template <class Store>
  constexpr void interleaved(int64_t g, const Bits* table, const Store& store) const {
    const int64_t first = g * kValues;
    int channel = static_cast<int>(first % channels());
    Bits* to = static_cast<Bits*>(job.out) + first;
    if (whole) {
      Out16<Bits> out;
      for (int k = 0; k < kValues; k += 4) {
        const In4 in = *reinterpret_cast<const In4*>(job.images + first + k);
        for (int i = 0; i < 4; ++i) {
          out.values[k + i] = table[channel * 256 + in.values[i]];
          if (++channel == channels()) channel = 0;
        }
      }
      store16(to, out, store);
      return;
    }
    for (int k = 0; k < kValues && first + k < values(); ++k) {
      to[k] = table[channel * 256 + job.images[first + k]];
      if (++channel == channels()) channel = 0;
    }
  }

  template <class Store>
  constexpr void planes(int64_t g, const Bits* table, const Store& store) const {
    const int64_t image = g / groups_of_plane(), pixel = g % groups_of_plane() * kValues;
    const uint8_t* from = job.images + (image * plane() + pixel) * channels();
    Bits* to = static_cast<Bits*>(job.out) + image * channels() * plane() + pixel;
    if constexpr (kChannels > 0) {
      if (whole) {  // kValues * kChannels is a multiple of four
        uint8_t in[kValues * kChannels];
        for (int k = 0; k < kValues * kChannels; k += 4) {
          const In4 four = *reinterpret_cast<const In4*>(from + k);
          for (int i = 0; i < 4; ++i) in[k + i] = four.values[i];
        }
        for (int c = 0; c < kChannels; ++c) {
          Out16<Bits> out;
          for (int k = 0; k < kValues; ++k) out.values[k] = table[c * 256 + in[k * kChannels + c]];
          store16(to + c * plane(), out, store);
        }
        return;
      }
    }
    for (int c = 0; c < channels(); ++c)
      for (int k = 0; k < kValues && pixel + k < plane(); ++k)
        to[c * plane() + k] = table[c * 256 + from[k * channels() + c]];
  }
};

/// Calls work(group) with the NormaliseGroup of the job's type and channels.
template <class Work>
void with_normalise_group(const Normalise& job, const Work& work) {
  const auto by_channels = [&]<class Bits>(Bits) {
    if (job.channels == 3) return work(NormaliseGroup<Bits, 3>(job));
    if (job.channels == 1) return work(NormaliseGroup<Bits, 1>(job));
    work(NormaliseGroup<Bits, 0>(job));
  };
  job.type == DType::kF32 ? by_channels(uint32_t{}) : by_channels(uint16_t{});
}

}  // namespace penstock::device
