// Any picture that Penstock reads: recognised by its first bytes, never by its name.
#pragma once

#include "stages/image/decoder.h"
#include "stages/image/jpeg_decoder.h"
#include "stages/image/orientation.h"
#include "stages/image/png_decoder.h"
#include "stages/image/ppm_decoder.h"

namespace penstock::image {

/// A Decoder over JPEG, PNG and PPM (also the PNG that is named .JPEG), which turns pictures by their EXIF orientation where
/// it is told to. One for each thread.
class PictureDecoder final : public Decoder {
 public:
  /// `honours_orientation`: header and crops are of the picture as displayed. torchvision's ImageFolder, hence the
  /// default of everything here, ignores the orientation.
  explicit PictureDecoder(bool honours_orientation = false, JpegPath path = JpegPath::kFast)
      : honours_orientation_(honours_orientation), jpeg_(path) {}

  Fault open(Bytes bytes, const DecodeLimits& limits = {}) override;
  const Header& header() const override { return header_; }
  Fault decode(const Rect& crop, bool verified, RowSink& rows) override {
    return decode_shrunk(crop, 1, verified, rows);
  }
  Fault decode_shrunk(const Rect& crop, int shrink, bool verified, RowSink& rows) override;

 private:
  bool honours_orientation_;
  JpegDecoder jpeg_;
  PngDecoder png_;
  PpmDecoder ppm_;
  Decoder* decoder_ = nullptr;  // of the picture opened last
  Header header_;
  TurnedRows turned_;
};

/// Takes rows and forgets them: for checking a picture, and for measuring what plain decoding costs.
class DiscardedRows final : public RowSink {
 public:
  void row(int, const std::uint8_t*) override {}
};

/// Takes rows into a Picture that it resizes.
class PictureRows final : public RowSink {
 public:
  PictureRows(int width, int height, Picture& picture);
  void row(int y, const std::uint8_t* rgb) override;

 private:
  Picture& picture_;
};

/// Decodes all of a picture. Not on the way of a run: for verify, pack --resize, and tests.
Fault decode_whole(PictureDecoder& decoder, Bytes bytes, Picture& picture, const DecodeLimits& limits = {});

/// Whether all of a picture can be decoded: the check of `verify`, and what `pack` does before it calls a record
/// verified. Also plain full-size decoding without a copy: what `probe` measures.
Fault check_whole(PictureDecoder& decoder, Bytes bytes, const DecodeLimits& limits = {});

}  // namespace penstock::image
