// The entropy-coded bytes of a scan without their stuffing, a piece at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stages/image/jpeg/huffman.h"

namespace penstock::image {

/// Hands out the bits of one segment after the other (what lies between two restart markers), undoing the byte stuffing on
/// the way into a buffer that stays in the cache. A segment begins with begin() and is read through `bits`; before each MCU,
/// ready() makes sure that the bits of any MCU lie in the buffer.
class SegmentReader {
 public:
  /// More than any MCU of six blocks takes: 6 * 64 codes and values of at most 31 bits.
  static constexpr int kMostMcuBytes = 2048;

  /// At the first byte behind a scan's header.
  void open(std::span<const std::uint8_t> entropy);

  /// Begins the segment at the reader's place.
  void begin();
  /// False where the bits read so far lie behind the segment's end: the data is damaged.
  bool ready() {
    if (bits.next + kMostMcuBytes <= end_) return true;
    return ready_at_end();
  }
  /// True where the segment ends here, but for the bits that fill up its last byte; moves behind it, to its marker.
  bool finish();
  /// Moves to the marker that ends this segment, unread. Returns the bytes passed, stuffing included.
  std::size_t pass_over();
  /// Moves `bytes` on, unread; false where no marker lies there.
  bool pass_over(std::size_t bytes);
  /// The marker at the reader's place, which is passed: 0xD0 to 0xD7 is a restart, 0xD9 the end; 0: there is none.
  int marker();

  BitReader bits;

 private:
  bool ready_at_end();
  const std::uint8_t* behind_stuffing() const;
  void fill(std::uint8_t* to);

  const std::uint8_t* in_ = nullptr;  // next byte to take
  const std::uint8_t* in_end_ = nullptr;
  bool whole_ = false;  // the segment's last byte is in the buffer
  std::vector<std::uint8_t> buffer_;
  const std::uint8_t* end_ = nullptr;  // behind the last byte in the buffer
};

}  // namespace penstock::image
