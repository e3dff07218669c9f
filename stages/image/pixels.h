// Words of the image room: rectangles, whole pictures, rows on their way, and what can be wrong with a picture.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::image {

/// Encoded bytes as they lie in a record.
using Bytes = std::span<const std::byte>;

/// A part of a picture, in pixels; x to the right, y down.
struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  bool operator==(const Rect&) const = default;
};

/// Red, green, blue.
using Colour = std::array<std::uint8_t, 3>;
/// From a recipe's [r, g, b], each 0 to 255.
inline Colour colour_of(const std::array<int, 3>& rgb) {
  return {static_cast<std::uint8_t>(rgb[0]), static_cast<std::uint8_t>(rgb[1]), static_cast<std::uint8_t>(rgb[2])};
}

/// A whole picture in memory: u8 (height, width, 3), RGB, rows without gaps.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

/// Bytes that may be read (not used) behind the last pixel of a row handed to a RowSink: vector loads run over.
inline constexpr int kRowPadding = 64;

/// Takes the rows of a crop from top to bottom. THE SEAM of this room: every decoder hands its rows to a RowSink, every
/// consumer (resizer, orientation, whole picture) is one. A faster decoder or resizer goes on either side of it.
class RowSink {
 public:
  virtual ~RowSink() = default;
  /// Row `y` of the crop (0 is its top row). Row 0 may come a second time: then everything before it is forgotten, and all rows
  /// follow once more (another decoder has taken over). `rgb` is u8 (width of the crop, 3), good until the call returns;
  /// kRowPadding bytes behind it are readable.
  virtual void row(int y, const std::uint8_t* rgb) = 0;
};

enum class FaultKind {
  kNone,
  kEmpty,          ///< no bytes at all
  kNotAnImage,     ///< neither JPEG, PNG nor PPM by its first bytes
  kHeader,         ///< the header makes no sense
  kTruncated,      ///< the data ends too early
  kCorrupt,        ///< the data contradicts itself
  kUnsupported,    ///< a kind of picture that is not decoded
  kTooManyPixels,  ///< larger than the limit
  kTooLarge,       ///< takes more memory than the limit
};

/// "truncated", "corrupt", ... for the quarantine and for messages.
std::string_view name_of(FaultKind kind);

/// What is wrong with a picture: a fault of the data, hence a value. False where nothing is.
struct [[nodiscard]] Fault {
  FaultKind kind = FaultKind::kNone;
  std::string detail;

  explicit operator bool() const { return kind != FaultKind::kNone; }
  /// "truncated: Premature end of JPEG file"
  std::string text() const;
};

}  // namespace penstock::image
