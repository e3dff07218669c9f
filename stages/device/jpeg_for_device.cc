#include "stages/device/jpeg_for_device.h"

#include "stages/image/exif.h"
#include "stages/image/jpeg_frame.h"

namespace penstock::device {
namespace {

using image::JpegFrame;

bool is_ycbcr(const JpegFrame& frame) {
  const auto& c = frame.component;
  if (frame.adobe_transform && *frame.adobe_transform != 1) return false;
  return !(c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B');  // libjpeg takes them by their names
}

bool has_usual_chroma(const JpegFrame& frame) {
  const auto& c = frame.component;
  const auto one_or_two = [](int factor) { return factor == 1 || factor == 2; };
  if (!one_or_two(c[0].across) || !one_or_two(c[0].down)) return false;
  for (int i = 1; i < 3; ++i)
    if (c[static_cast<size_t>(i)].across != 1 || c[static_cast<size_t>(i)].down != 1) return false;
  return true;
}

}  // namespace

std::optional<image::Size> size_on_device(image::Bytes jpeg, bool honours_orientation) {
  const std::optional<JpegFrame> frame = image::read_jpeg_frame(jpeg);
  if (!frame || (frame->marker != 0xC0 && frame->marker != 0xC1) || frame->precision != 8) return std::nullopt;
  if (frame->width < 1 || frame->height < 1 || !frame->has_huffman_tables) return std::nullopt;
  if (frame->scanned != frame->components) return std::nullopt;
  const bool grey = frame->components == 1;
  if (!grey && (frame->components != 3 || !is_ycbcr(*frame) || !has_usual_chroma(*frame))) return std::nullopt;
  if (honours_orientation && image::jpeg_orientation(jpeg) != 1) return std::nullopt;
  return image::Size{frame->height, frame->width};
}

}  // namespace penstock::device
