// Turning a picture as its EXIF orientation says.
#pragma once

#include <vector>

#include "stages/image/decoder.h"

namespace penstock::image {

/// What orientation 1 to 8 does: as displayed, pixel (x, y) is the stored pixel (x or mirrored, y or mirrored), after
/// swapping x and y where `swaps`.
struct Orientation {
  explicit Orientation(int exif)
      : mirrors_x(exif == 2 || exif == 3 || exif == 7 || exif == 8),
        mirrors_y(exif == 3 || exif == 4 || exif == 6 || exif == 7),
        swaps(exif >= 5) {}
  bool mirrors_x, mirrors_y;  ///< of the stored picture
  bool swaps;                 ///< rows become columns

  bool is_upright() const { return !mirrors_x && !mirrors_y && !swaps; }
  /// The header with width and height as displayed.
  Header displayed(Header stored) const;
  /// The stored pixels of a displayed crop.
  Rect stored(const Rect& crop, const Header& stored) const;
};

/// Collects the stored rows of a crop and hands them on as displayed. Needs the whole crop in memory: pictures that
/// were turned are few.
class TurnedRows final : public RowSink {
 public:
  /// Of `crop` in stored pixels.
  void start(const Rect& crop);
  void row(int y, const std::uint8_t* rgb) override;
  /// When all rows have come.
  void hand_on(const Orientation& orientation, RowSink& rows);

 private:
  int width_ = 0, height_ = 0;  // stored
  std::vector<std::uint8_t> pixels_;
  std::vector<std::uint8_t> line_;
};

}  // namespace penstock::image
