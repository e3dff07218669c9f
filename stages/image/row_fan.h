// Rows of one decoded picture for several takers at once.
#pragma once

#include <vector>

#include "stages/image/pixels.h"

namespace penstock::image {

/// Hands each row of a crop to all those sinks whose own crop it crosses, from the first pixel of that. The picture is decoded once,
/// as far as any of them looks.
class RowFan final : public RowSink {
 public:
  void clear() { takers_.clear(); }
  /// `crop`: what `rows` wants of the picture. Borrowed until clear().
  void add(const Rect& crop, RowSink& rows);
  /// The smallest crop that holds all of them.
  Rect source() const { return source_; }
  void row(int y, const std::uint8_t* rgb) override;

 private:
  struct Taker {
    Rect crop;
    RowSink* rows;
  };
  std::vector<Taker> takers_;
  Rect source_;
};

}  // namespace penstock::image
