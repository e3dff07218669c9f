// Where the segments between a JPEG's restart markers lie, written into the JPEG itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace penstock::image {

/// An index is the payload of an APP9 segment in front of the scan, so that it goes wherever the picture goes and other
/// readers pass it by:
///   "PENSTOCK" 0 | version 1 | MCUs a segment u32 | per segment, bytes with stuffing and without its marker: u16, little-endian
/// A segment of 65,535 bytes and more, or more segments than an APP segment holds, cannot be indexed.
class SegmentIndex {
 public:
  static constexpr unsigned kMarker = 0xE9;

  /// Nothing is indexed.
  SegmentIndex() = default;
  /// Of the payload of an APP9 segment; of anything but an index: nothing.
  explicit SegmentIndex(std::span<const std::uint8_t> payload);

  explicit operator bool() const { return !sizes_.empty(); }
  std::size_t segments() const { return sizes_.size() / 2; }
  unsigned interval() const { return interval_; }
  /// Bytes of segment `i`.
  std::size_t bytes(std::size_t i) const { return sizes_[2 * i] | std::size_t{sizes_[2 * i + 1]} << 8; }

  /// Whether it is the index of a scan with a marker every `interval` MCUs: `entropy` (from the first byte behind the scan's
  /// header) consists of these segments, each behind the right restart marker, with the end of the picture behind the last.
  bool fits(std::span<const std::uint8_t> entropy, unsigned interval) const;

 private:
  unsigned interval_ = 0;
  std::span<const std::uint8_t> sizes_;
};

/// The payload for a scan with a restart marker every `interval` MCUs; empty where it cannot be indexed.
std::vector<std::uint8_t> index_segments(std::span<const std::uint8_t> entropy, unsigned interval);

}  // namespace penstock::image
