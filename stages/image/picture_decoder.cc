#include "stages/image/picture_decoder.h"

#include <cstring>

namespace penstock::image {
namespace {

constexpr unsigned char kPngStart[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr unsigned char kJpegStart[2] = {0xFF, 0xD8};
constexpr unsigned char kPpmStart[2] = {'P', '6'}, kPgmStart[2] = {'P', '5'};

template <std::size_t N>
bool starts_with(Bytes bytes, const unsigned char (&start)[N]) {
  return bytes.size() >= N && std::memcmp(bytes.data(), start, N) == 0;
}

std::string first_bytes(Bytes bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "starts with";
  for (std::size_t i = 0; i < bytes.size() && i < 4; ++i) {
    const auto value = std::to_integer<unsigned>(bytes[i]);
    text += {' ', kDigits[value >> 4], kDigits[value & 15]};
  }
  return text + ", neither JPEG nor PNG nor PPM";
}

}  // namespace

Fault PictureDecoder::open(Bytes bytes, const DecodeLimits& limits) {
  decoder_ = nullptr;
  header_ = {};
  if (bytes.empty()) return {FaultKind::kEmpty, "no bytes"};
  if (starts_with(bytes, kJpegStart)) {
    decoder_ = &jpeg_;
  } else if (starts_with(bytes, kPngStart)) {
    decoder_ = &png_;
  } else if (starts_with(bytes, kPpmStart) || starts_with(bytes, kPgmStart)) {
    decoder_ = &ppm_;
  } else {
    return {FaultKind::kNotAnImage, first_bytes(bytes)};
  }
  Fault fault = decoder_->open(bytes, limits);
  header_ = decoder_->header();
  if (honours_orientation_ && header_.orientation != 1) {
    header_ = Orientation(header_.orientation).displayed(header_);
    header_.most_shrink = 1;  // mirrored pixels of a smaller picture would lie between ours
  }
  return fault;
}

Fault PictureDecoder::decode_shrunk(const Rect& crop, int shrink, bool verified, RowSink& rows) {
  const Orientation orientation(honours_orientation_ ? header_.orientation : 1);
  if (orientation.is_upright()) return decoder_->decode_shrunk(crop, shrink, verified, rows);
  const Rect stored = orientation.stored(crop, decoder_->header());
  turned_.start(stored);
  if (Fault fault = decoder_->decode(stored, verified, turned_)) return fault;
  turned_.hand_on(orientation, rows);
  return {};
}

PictureRows::PictureRows(int width, int height, Picture& picture) : picture_(picture) {
  picture_.width = width;
  picture_.height = height;
  picture_.rgb.resize(static_cast<std::size_t>(width) * height * 3);
}

void PictureRows::row(int y, const std::uint8_t* rgb) {
  const std::size_t bytes = static_cast<std::size_t>(picture_.width) * 3;
  std::memcpy(picture_.rgb.data() + y * bytes, rgb, bytes);
}

Fault decode_whole(PictureDecoder& decoder, Bytes bytes, Picture& picture, const DecodeLimits& limits) {
  if (Fault fault = decoder.open(bytes, limits)) return fault;
  const Header& header = decoder.header();
  PictureRows rows(header.width, header.height, picture);
  return decoder.decode({0, 0, header.width, header.height}, false, rows);
}

Fault check_whole(PictureDecoder& decoder, Bytes bytes, const DecodeLimits& limits) {
  if (Fault fault = decoder.open(bytes, limits)) return fault;
  DiscardedRows rows;
  return decoder.decode({0, 0, decoder.header().width, decoder.header().height}, false, rows);
}

}  // namespace penstock::image
