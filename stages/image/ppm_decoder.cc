#include "stages/image/ppm_decoder.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace penstock::image {
namespace {

constexpr std::size_t kMostHeader = 4096;  // comments included

// The numbers of a header (netpbm's ppm(5)): white space and comments up to the end of the line stand between them.
class HeaderReader {
 public:
  explicit HeaderReader(Bytes bytes) : bytes_(bytes.first(std::min(bytes.size(), kMostHeader))) {}
  /// -1 where there is none, or one of more than seven digits.
  int number() {
    while (at_ < bytes_.size() && (is_space(at(at_)) || at(at_) == '#')) {
      if (at(at_) == '#')
        while (at_ < bytes_.size() && at(at_) != '\n') ++at_;
      else
        ++at_;
    }
    int value = 0, digits = 0;
    for (; at_ < bytes_.size() && at(at_) >= '0' && at(at_) <= '9'; ++at_, ++digits) {
      if (digits == 7) return -1;
      value = value * 10 + (at(at_) - '0');
    }
    return digits == 0 ? -1 : value;
  }
  /// The one white space behind the last number. False where anything else stands there.
  bool end() { return at_ < bytes_.size() && is_space(at(at_++)); }
  std::size_t place() const { return at_; }

 private:
  static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  char at(std::size_t i) const { return static_cast<char>(bytes_[i]); }
  Bytes bytes_;
  std::size_t at_ = 2;  // behind the magic
};

}  // namespace

Fault PpmDecoder::open(Bytes bytes, const DecodeLimits& limits) {
  header_ = {};
  pixels_ = {};
  if (bytes.size() < 3) return {FaultKind::kTruncated, "the header ends early"};
  const int channels = static_cast<char>(bytes[1]) == '6' ? 3 : 1;
  HeaderReader reader(bytes);
  const int width = reader.number(), height = reader.number(), most = reader.number();
  if (width < 1 || height < 1 || most < 1 || !reader.end())
    return {FaultKind::kHeader, "no width, height and largest value in the first " +
                                    std::to_string(std::min(bytes.size(), kMostHeader)) + " bytes"};
  if (most != 255) return {FaultKind::kUnsupported, "values up to " + std::to_string(most) + ", not 255"};
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (std::int64_t{width} * height > limits.max_pixels)
    return {FaultKind::kTooManyPixels, size + ", more than the limit of " + std::to_string(limits.max_pixels)};
  if (width > kMaxSide || height > kMaxSide)
    return {FaultKind::kUnsupported, size + ": a side of more than " + std::to_string(kMaxSide) + " pixels"};
  const Bytes pixels = bytes.subspan(reader.place());
  const std::size_t wanted = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * channels;
  if (pixels.size() < wanted)
    return {FaultKind::kTruncated,
            std::to_string(pixels.size()) + " of " + std::to_string(wanted) + " bytes of pixels"};
  if (pixels.size() > wanted)
    return {FaultKind::kCorrupt, std::to_string(pixels.size() - wanted) + " bytes behind the pixels of " + size};
  header_ = {.width = width, .height = height, .components = channels};
  pixels_ = pixels;
  return {};
}

Fault PpmDecoder::decode(const Rect& crop, bool, RowSink& rows) {
  PENSTOCK_CHECK(crop.x >= 0 && crop.y >= 0 && crop.width > 0 && crop.height > 0);
  PENSTOCK_CHECK(crop.width <= header_.width - crop.x && crop.height <= header_.height - crop.y);
  const auto* data = reinterpret_cast<const std::uint8_t*>(pixels_.data());
  const auto channels = static_cast<std::size_t>(header_.components), width = static_cast<std::size_t>(crop.width);
  row_.resize(std::max(row_.size(), width * 3 + kRowPadding));
  for (int y = 0; y < crop.height; ++y) {
    const std::size_t at = (static_cast<std::size_t>(crop.y + y) * static_cast<std::size_t>(header_.width) +
                            static_cast<std::size_t>(crop.x)) *
                           channels;
    if (channels == 3 && at + width * 3 + kRowPadding <= pixels_.size()) {
      rows.row(y, data + at);
      continue;
    }
    if (channels == 3)
      std::memcpy(row_.data(), data + at, width * 3);
    else
      for (std::size_t i = 0; i < width * 3; ++i) row_[i] = data[at + i / 3];
    rows.row(y, row_.data());
  }
  return {};
}

std::vector<std::byte> encode_ppm(const std::uint8_t* rgb, int width, int height) {
  const std::string header = "P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  const std::size_t bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
  std::vector<std::byte> all(header.size() + bytes);
  std::memcpy(all.data(), header.data(), header.size());
  std::memcpy(all.data() + header.size(), rgb, bytes);
  return all;
}

}  // namespace penstock::image
