// One picture on its way into a pack: checked, or encoded anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipelines/pack/raw_share.h"
#include "stages/image/picture_decoder.h"
#include "stages/image/view.h"

namespace penstock {

/// How records are stored.
enum class Encode : std::uint8_t {
  kKeep,         ///< as they are
  kJpeg,         ///< JPEG, smaller where asked for
  kRaw,          ///< pixels, as binary PPM
  kMixed,        ///< JPEG, and those as pixels that save the most decoding for each byte
  kIndexedJpeg,  ///< JPEGs with restart markers and an index of them; the same pixels
};

struct RepackOptions {
  Encode encode = Encode::kKeep;
  std::optional<int> resize = {};        ///< shorter side in pixels; smaller pictures stay as large as they are
  std::optional<image::Size> size = {};  ///< exactly so large: resized to cover it, the middle kept
  std::optional<int> quality = {};  ///< of JPEGs that are encoded anew, 1 to 100; without `resize` every picture is
  double raw_from = 0;              ///< kMixed: RawShare::least_saved_per_byte

  bool keeps_everything() const { return encode == Encode::kKeep; }
};

struct RepackedPicture {
  std::string fault;               ///< why it cannot be used; "" where it can
  std::vector<std::byte> encoded;  ///< new bytes; empty where the old ones stay
  bool is_kept =
      false;  ///< kIndexedJpeg: cannot be stored so (no JPEG, or one that libjpeg warns of), and stays as it is
};

/// Decodes one picture after the other; one for each thread.
class Repacker {
 public:
  explicit Repacker(const RepackOptions& options) : options_(options) {}

  /// kJpeg: a picture whose shorter side is not above `resize` keeps its bytes, unless a quality or a size was asked for. kIndexedJpeg: after that, if
  /// anything of it was asked for, the JPEG is indexed; both are decoded and their pixels compared. Pixels are taken as stored;
  /// an EXIF orientation is kept in JPEGs, which kMixed leaves them for, and lost in kRaw. `verified`: bytes that stay need not be decoded.
  RepackedPicture repack(std::span<const std::byte> bytes, bool verified);

  /// A picture as JPEG and as pixels, by the cost model of stages/image/decode_cost.h; nothing where it cannot be decoded.
  std::optional<RawCandidate> candidate(std::span<const std::byte> bytes);

 private:
  struct Pixels {
    int width = 0, height = 0;
    int orientation = 1;  ///< EXIF; pixels are as stored
    std::vector<std::uint8_t> rgb;
  };
  /// The size that a picture of this header is stored in.
  image::Size stored_size(const image::Header& header) const;
  std::string read_pixels(std::span<const std::byte> bytes, bool verified, Pixels& pixels);
  std::vector<std::byte> jpeg_of(const Pixels& pixels) const;
  void as_jpeg(std::span<const std::byte> bytes, bool verified, RepackedPicture& result);
  void index(std::span<const std::byte> bytes, RepackedPicture& result);
  std::string check(std::span<const std::byte> bytes, bool verified);

  RepackOptions options_;
  image::PictureDecoder decoder_;
};

}  // namespace penstock
