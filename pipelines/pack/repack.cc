#include "pipelines/pack/repack.h"

#include <algorithm>

#include "io/file/checksum.h"
#include "stages/image/decode_cost.h"
#include "stages/image/jpeg_encoder.h"
#include "stages/image/jpeg_indexer.h"
#include "stages/image/resizer.h"

namespace penstock {
namespace {

constexpr int kDefaultQuality = 90;

// The shorter side becomes `side`, the longer one as torchvision's Resize rounds it.
image::Size shrunk(int width, int height, int side) {
  const auto longer = [side](int a, int b) { return static_cast<int>(int64_t{side} * a / b); };
  return width <= height ? image::Size{longer(height, width), side} : image::Size{side, longer(width, height)};
}

// The checksum of all rows: two pictures with the same one have the same pixels.
class SummedRows final : public image::RowSink {
 public:
  void start(int width) {
    bytes_ = static_cast<size_t>(width) * 3;
    sum_ = {};
  }
  void row(int y, const std::uint8_t* rgb) override {
    if (y == 0) sum_ = {};
    sum_.add(std::span(reinterpret_cast<const std::byte*>(rgb), bytes_));
  }
  uint64_t value() const { return sum_.value(); }

 private:
  size_t bytes_ = 0;
  io::Checksum sum_;
};

// The fault of a picture, and the checksum of its pixels.
std::string sum_pixels(image::PictureDecoder& decoder, std::span<const std::byte> bytes, SummedRows& rows) {
  if (const image::Fault fault = decoder.open(bytes)) return fault.text();
  const image::Header header = decoder.header();
  rows.start(header.width);
  const image::Fault fault = decoder.decode({0, 0, header.width, header.height}, false, rows);
  return fault ? fault.text() : "";
}

}  // namespace

image::Size Repacker::stored_size(const image::Header& header) const {
  if (options_.size) return *options_.size;
  const bool shrinks = options_.resize && std::min(header.width, header.height) > *options_.resize;
  return shrinks ? shrunk(header.width, header.height, *options_.resize) : image::Size{header.height, header.width};
}

std::string Repacker::check(std::span<const std::byte> bytes, bool verified) {
  if (verified) return "";
  const image::Fault fault = image::check_whole(decoder_, bytes);
  return fault ? fault.text() : "";
}

std::string Repacker::read_pixels(std::span<const std::byte> bytes, bool verified, Pixels& pixels) {
  if (const image::Fault fault = decoder_.open(bytes)) return fault.text();
  const image::Header header = decoder_.header();
  const image::Size picture{header.height, header.width}, out = stored_size(header);
  pixels = {out.width, out.height, header.orientation, {}};
  pixels.rgb.resize(static_cast<size_t>(out.width) * static_cast<size_t>(out.height) * 3);
  image::Resizer resizer;
  resizer.start(options_.size ? image::center_crop(picture, out, 1.0) : image::resize_whole(picture, out),
                pixels.rgb.data(), static_cast<size_t>(out.width) * 3);
  const image::Fault fault = decoder_.decode(resizer.source(), verified, resizer);
  return fault ? fault.text() : "";
}

std::vector<std::byte> Repacker::jpeg_of(const Pixels& pixels) const {
  return image::encode_jpeg({.data = pixels.rgb.data(), .width = pixels.width, .height = pixels.height, .channels = 3},
                            {.quality = options_.quality.value_or(kDefaultQuality), .orientation = pixels.orientation});
}

void Repacker::as_jpeg(std::span<const std::byte> bytes, bool verified, RepackedPicture& result) {
  if (const image::Fault fault = decoder_.open(bytes)) {
    result.fault = fault.text();
    return;
  }
  const image::Header header = decoder_.header();
  if (!options_.quality && !options_.size && stored_size(header) == image::Size{header.height, header.width}) {
    result.fault = check(bytes, verified);
    return;
  }
  Pixels pixels;
  result.fault = read_pixels(bytes, verified, pixels);
  if (result.fault.empty()) result.encoded = jpeg_of(pixels);
}

void Repacker::index(std::span<const std::byte> bytes, RepackedPicture& result) {
  SummedRows before, after;
  result.fault = sum_pixels(decoder_, bytes, before);
  if (!result.fault.empty()) return;
  std::optional<std::vector<std::byte>> indexed = image::index_jpeg(bytes);
  if (indexed && sum_pixels(decoder_, *indexed, after).empty() && before.value() == after.value())
    result.encoded = std::move(*indexed);
  else
    result.is_kept = true;
}

RepackedPicture Repacker::repack(std::span<const std::byte> bytes, bool verified) {
  RepackedPicture result;
  switch (options_.encode) {
    case Encode::kKeep: result.fault = check(bytes, verified); break;
    case Encode::kJpeg: as_jpeg(bytes, verified, result); break;
    case Encode::kIndexedJpeg: {
      if (options_.resize || options_.quality || options_.size) as_jpeg(bytes, verified, result);
      if (!result.fault.empty()) break;
      const std::vector<std::byte> smaller = std::move(result.encoded);
      result.encoded.clear();
      index(smaller.empty() ? bytes : std::span<const std::byte>(smaller), result);
      if (result.encoded.empty()) result.encoded = smaller;
      break;
    }
    case Encode::kRaw: {
      Pixels pixels;
      result.fault = read_pixels(bytes, verified, pixels);
      if (result.fault.empty()) result.encoded = image::encode_ppm(pixels.rgb.data(), pixels.width, pixels.height);
      break;
    }
    case Encode::kMixed: {
      as_jpeg(bytes, verified, result);
      if (!result.fault.empty()) break;
      const std::optional<RawCandidate> both = candidate(bytes);
      if (!both || both->saved_per_byte() < options_.raw_from) break;
      if (decoder_.header().orientation != 1) break;  // which pixels alone cannot say
      Pixels pixels;
      result.fault = read_pixels(bytes, true, pixels);
      if (result.fault.empty()) result.encoded = image::encode_ppm(pixels.rgb.data(), pixels.width, pixels.height);
      break;
    }
  }
  return result;
}

std::optional<RawCandidate> Repacker::candidate(std::span<const std::byte> bytes) {
  RepackedPicture jpeg;
  as_jpeg(bytes, false, jpeg);
  if (!jpeg.fault.empty() || decoder_.open(bytes)) return std::nullopt;
  const image::Size out = stored_size(decoder_.header());
  const double pixels = static_cast<double>(out.width) * out.height;
  const size_t jpeg_bytes = jpeg.encoded.empty() ? bytes.size() : jpeg.encoded.size();
  return RawCandidate{.jpeg_bytes = static_cast<double>(jpeg_bytes),
                      .raw_bytes = 3 * pixels + 16,
                      .jpeg_seconds = image::jpeg_decode_seconds(jpeg_bytes, pixels),
                      .raw_seconds = image::raw_decode_seconds(pixels)};
}

}  // namespace penstock
