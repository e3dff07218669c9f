// JPEG by libjpeg-turbo: baseline and progressive, grey, RGB, YCbCr, CMYK and YCCK; the same pixels as Pillow's
// Image.open(...).convert("RGB").
#pragma once

#include <memory>

#include "stages/image/decoder.h"

namespace penstock::image {

/// Which code decodes ordinary pictures. The pixels are the same.
enum class JpegPath {
  kFast,     ///< BaselineDecoder for the pictures it takes, libjpeg-turbo for the rest
  kLibjpeg,  ///< libjpeg-turbo for all: the oracle of tests, and what a machine is measured by
};

/// Fast because it leaves out what the crop does not need: columns and rows outside of it are entropy-decoded (that is
/// how damage shows) but not transformed, upsampled or converted; a verified picture ends behind the crop.
///
/// What is a fault: any libjpeg error; data that ends early, also where only the end marker is missing; bad codes,
/// lost restart markers, scans that contradict each other. What is not: bytes between segments or behind the end,
/// missing Huffman tables (MJPEG: the standard ones are meant), odd version numbers or ICC chunks, EXIF nonsense.
/// Ordinary pictures can be made half as large on the way, by libjpeg's reduced transform.
/// Progressive pictures with more than 100 scans are refused (they cost hours and show nothing).
class JpegDecoder final : public Decoder {
 public:
  explicit JpegDecoder(JpegPath path = JpegPath::kFast);
  ~JpegDecoder() override;

  Fault open(Bytes bytes, const DecodeLimits& limits) override;
  const Header& header() const override;
  Fault decode(const Rect& crop, bool verified, RowSink& rows) override {
    return decode_shrunk(crop, 1, verified, rows);
  }
  Fault decode_shrunk(const Rect& crop, int shrink, bool verified, RowSink& rows) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
  JpegPath path_;
};

}  // namespace penstock::image
