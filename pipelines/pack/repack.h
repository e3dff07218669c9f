// One picture on its way into a pack: checked, or made smaller and encoded anew.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stages/image/picture_decoder.h"

namespace penstock {

struct RepackedPicture {
  std::string fault;               ///< why it cannot be used; "" where it can
  std::vector<std::byte> encoded;  ///< new bytes; empty where the old ones stay
};

/// Decodes one picture after the other; one for each thread.
class Repacker {
 public:
  Repacker(std::optional<int> resize, std::optional<int> quality) : resize_(resize), quality_(quality) {}

  /// A picture whose shorter side is not above `resize` keeps its bytes, unless a quality was asked for. Pixels are taken as stored
  /// (an EXIF orientation is neither applied nor kept). `verified`: bytes that stay need not be decoded.
  RepackedPicture repack(std::span<const std::byte> bytes, bool verified);

 private:
  std::optional<int> resize_;
  std::optional<int> quality_;
  image::PictureDecoder decoder_;
};

}  // namespace penstock
