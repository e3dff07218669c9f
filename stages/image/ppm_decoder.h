// Raw pixels in an ordinary file: binary PPM (P6, RGB) and PGM (P5, grey) of 8 bits.
#pragma once

#include <vector>

#include "stages/image/decoder.h"

namespace penstock::image {

/// What `pack --encode raw` writes: "P6\n<width> <height>\n255\n" and the rows, which are handed on from where they lie. Comments and
/// any white space between the numbers are read too. A fault where the pixels are not exactly as many as the header says.
class PpmDecoder final : public Decoder {
 public:
  Fault open(Bytes bytes, const DecodeLimits& limits) override;
  const Header& header() const override { return header_; }
  Fault decode(const Rect& crop, bool verified, RowSink& rows) override;

 private:
  Header header_;
  Bytes pixels_;
  std::vector<std::uint8_t> row_;  // of grey, and rows at the end of the record, which has no padding
};

/// The record of a picture: u8 (height, width, 3), rows without gaps.
std::vector<std::byte> encode_ppm(const std::uint8_t* rgb, int width, int height);

}  // namespace penstock::image
