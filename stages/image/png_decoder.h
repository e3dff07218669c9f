// PNG by libpng: every kind, to RGB as Pillow's convert("RGB") does; or masks, as their numbers.
#pragma once

#include <memory>

#include "stages/image/decoder.h"

namespace penstock::image {

/// What the rows hold that are handed on.
enum class PngPixels : std::uint8_t {
  kRgb,     ///< u8 (width, 3)
  kNumber,  ///< u8 (width): numbers of a palette, or grey values as they are stored (a mask of 1 bit has 0 and 1)
};

/// Palettes are looked up, grey is spread, 16 bits lose the lower byte, alpha and transparency are dropped (not
/// blended), gamma and profiles are ignored. What is a fault: a wrong checksum of a chunk that matters, pixel data that
/// ends early or does not inflate, a missing end chunk. Interlaced pictures are held in memory as a whole.
/// With PngPixels::kNumber pictures that are neither grey nor of a palette, or have 16 bits, are kUnsupported.
class PngDecoder final : public Decoder {
 public:
  explicit PngDecoder(PngPixels pixels = PngPixels::kRgb);
  ~PngDecoder() override;

  Fault open(Bytes bytes, const DecodeLimits& limits) override;
  const Header& header() const override;
  Fault decode(const Rect& crop, bool verified, RowSink& rows) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace penstock::image
