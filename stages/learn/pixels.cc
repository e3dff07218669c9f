#include "stages/learn/pixels.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/util/BFloat16.h>

#include <string>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

/// One image's rows [first, last) of all images taken together.
template <class T>
void fill_channels_last(const Images& images, const std::vector<std::array<T, 256>>& tables, T* out, int64_t first,
                        int64_t last) {
  const int64_t channels = images.channels;
  const int64_t row = images.width * channels;
  const uint8_t* from = images.data + first * row;
  T* to = out + first * row;
  const int64_t pixels = (last - first) * images.width;
  if (channels == 3) {  // the inner loop of nearly every step
    const T* red = tables[0].data();
    const T* green = tables[1].data();
    const T* blue = tables[2].data();
    for (int64_t i = 0; i < pixels; ++i, from += 3, to += 3) {
      to[0] = red[from[0]];
      to[1] = green[from[1]];
      to[2] = blue[from[2]];
    }
    return;
  }
  for (int64_t i = 0; i < pixels; ++i) {
    for (int64_t c = 0; c < channels; ++c) *to++ = tables[static_cast<size_t>(c)][*from++];
  }
}

template <class T>
void fill_planes(const Images& images, const std::vector<std::array<T, 256>>& tables, T* out, int64_t first,
                 int64_t last) {
  const int64_t channels = images.channels;
  const int64_t plane = images.height * images.width;
  for (int64_t row = first; row < last; ++row) {
    const int64_t image = row / images.height;
    const int64_t y = row % images.height;
    const uint8_t* from = images.data + row * images.width * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const T* table = tables[static_cast<size_t>(c)].data();
      T* to = out + (image * channels + c) * plane + y * images.width;
      for (int64_t x = 0; x < images.width; ++x) to[x] = table[from[x * channels + c]];
    }
  }
}

}  // namespace

PixelNormaliser::PixelNormaliser(const std::vector<double>& mean, const std::vector<double>& std) {
  if (mean.empty() || mean.size() != std.size())
    throw Error(Code::kUsage, "input.mean and input.std need one number for each channel");
  for (size_t c = 0; c < mean.size(); ++c) {
    if (!(std[c] > 0)) throw Error(Code::kUsage, "input.std must be above 0, it is " + std::to_string(std[c]));
    std::array<float, 256> wide{};
    std::array<uint16_t, 256> narrow{};
    for (size_t v = 0; v < 256; ++v) {
      wide[v] = (static_cast<float>(v) / 255.0f - static_cast<float>(mean[c])) / static_cast<float>(std[c]);
      narrow[v] = c10::BFloat16(wide[v]).x;
    }
    f32_.push_back(wide);
    bf16_.push_back(narrow);
  }
}

at::Tensor PixelNormaliser::operator()(const Images& images, bool bf16, bool channels_last) const {
  if (images.channels != channels()) {
    throw Error(Code::kUsage, "the batch has " + std::to_string(images.channels) + " channels, input.mean has " +
                                  std::to_string(channels()));
  }
  const auto options = at::TensorOptions().dtype(bf16 ? at::kBFloat16 : at::kFloat);
  at::Tensor out = at::empty({images.count, images.channels, images.height, images.width}, options,
                             channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  const auto fill = [&](const auto& tables, auto* to) {
    constexpr int64_t kRowsPerTask = 64;  // a task is worth a few tens of microseconds
    at::parallel_for(0, images.count * images.height, kRowsPerTask, [&](int64_t first, int64_t last) {
      channels_last ? fill_channels_last(images, tables, to, first, last)
                    : fill_planes(images, tables, to, first, last);
    });
  };
  if (bf16) {
    fill(bf16_, reinterpret_cast<uint16_t*>(out.mutable_data_ptr()));
  } else {
    fill(f32_, out.mutable_data_ptr<float>());
  }
  return out;
}

}  // namespace penstock::learn
