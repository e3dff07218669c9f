// PNG by libpng: every kind, to RGB as Pillow's convert("RGB") does.
#pragma once

#include <memory>

#include "stages/image/decoder.h"

namespace penstock::image {

/// Palettes are looked up, grey is spread, 16 bits lose the lower byte, alpha and transparency are dropped (not
/// blended), gamma and profiles are ignored. What is a fault: a wrong checksum of a chunk that matters, pixel data that
/// ends early or does not inflate, a missing end chunk. Interlaced pictures are held in memory as a whole.
class PngDecoder final : public Decoder {
 public:
  PngDecoder();
  ~PngDecoder() override;

  Fault open(Bytes bytes, const DecodeLimits& limits) override;
  const Header& header() const override;
  Fault decode(const Rect& crop, bool verified, RowSink& rows) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace penstock::image
