#include "pipelines/pack/repack.h"

#include <algorithm>
#include <cstdint>

#include "stages/image/jpeg_encoder.h"
#include "stages/image/resizer.h"
#include "stages/image/view.h"

namespace penstock {
namespace {

constexpr int kDefaultQuality = 90;

// The shorter side becomes `side`, the longer one as torchvision's Resize rounds it.
image::Size shrunk(int width, int height, int side) {
  const auto longer = [side](int a, int b) { return static_cast<int>(int64_t{side} * a / b); };
  return width <= height ? image::Size{longer(height, width), side} : image::Size{side, longer(width, height)};
}

}  // namespace

RepackedPicture Repacker::repack(std::span<const std::byte> bytes, bool verified) {
  RepackedPicture result;
  if (!resize_ && !quality_) {
    if (verified) return result;
    if (const image::Fault fault = image::check_whole(decoder_, bytes)) result.fault = fault.text();
    return result;
  }
  if (const image::Fault fault = decoder_.open(bytes)) {
    result.fault = fault.text();
    return result;
  }
  const image::Header header = decoder_.header();
  const bool shrinks = resize_ && std::min(header.width, header.height) > *resize_;
  if (!shrinks && !quality_) {
    if (verified) return result;
    if (const image::Fault fault = image::check_whole(decoder_, bytes)) result.fault = fault.text();
    return result;
  }
  const image::Size out =
      shrinks ? shrunk(header.width, header.height, *resize_) : image::Size{header.height, header.width};
  const auto pixels =
      std::make_unique<std::uint8_t[]>(static_cast<size_t>(out.width) * static_cast<size_t>(out.height) * 3);
  image::Resizer resizer;
  resizer.start(image::resize_whole({header.height, header.width}, out), pixels.get(),
                static_cast<size_t>(out.width) * 3);
  if (const image::Fault fault = decoder_.decode(resizer.source(), verified, resizer)) {
    result.fault = fault.text();
    return result;
  }
  result.encoded = image::encode_jpeg({.data = pixels.get(), .width = out.width, .height = out.height, .channels = 3},
                                      {.quality = quality_.value_or(kDefaultQuality)});
  return result;
}

}  // namespace penstock
