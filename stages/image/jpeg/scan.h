// What a sequential JPEG's header says about its one scan: all that the baseline decoder needs to know.
#pragma once

#include <cstdint>
#include <span>

#include "stages/image/jpeg/segment_index.h"

namespace penstock::image {

/// A Huffman table as a DHT segment gives it (ITU-T T.81, B.2.4.2).
struct HuffmanSpec {
  std::span<const std::uint8_t> counts;   ///< (16): codes of 1 to 16 bits
  std::span<const std::uint8_t> symbols;  ///< (sum of counts), by rising code
};

/// One colour component of a scan.
struct ScanComponent {
  int across = 1, down = 1;              ///< blocks of an MCU
  std::span<const std::uint16_t> quant;  ///< (64) in natural order, row by row
  HuffmanSpec dc, ac;
};

/// A sequential scan with all components interleaved: grey (1 component), or luma and two chroma components (3) of which
/// luma alone may have two blocks across or down. Borrowed from the header.
struct BaselineScan {
  int width = 0, height = 0;  ///< of the picture, in pixels
  std::span<const ScanComponent> components;
  unsigned restart_interval = 0;          ///< MCUs between restart markers; 0: none
  SegmentIndex index = {};                ///< of the segments between them, or nothing
  std::span<const std::uint8_t> entropy;  ///< from the first byte behind the scan's header to the end of the record

  int mcu_width() const { return 8 * components[0].across; }
  int mcu_height() const { return 8 * components[0].down; }
  int mcus_across() const { return (width + mcu_width() - 1) / mcu_width(); }
  int mcus_down() const { return (height + mcu_height() - 1) / mcu_height(); }
};

}  // namespace penstock::image
