#include "stages/image/jpeg/segment_index.h"

#include <algorithm>
#include <cstring>

#include "stages/image/jpeg/segment.h"

namespace penstock::image {
namespace {

constexpr std::uint8_t kStart[] = {'P', 'E', 'N', 'S', 'T', 'O', 'C', 'K', 0, 1};
constexpr std::size_t kHeaderBytes = sizeof kStart + 4;
constexpr std::size_t kMostPayload = 65'533;
constexpr int kEndMarker = 0xD9;

// Calls `f(bytes)` for each segment; false where the entropy-coded data is anything but segments and the end.
template <class F>
bool each_segment(std::span<const std::uint8_t> entropy, F f) {
  SegmentReader reader;
  reader.open(entropy);
  for (int number = 0;; ++number) {
    if (!f(reader.pass_over())) return false;
    const int marker = reader.marker();
    if (marker == kEndMarker) return true;
    if (marker != 0xD0 + number % 8) return false;
  }
}

}  // namespace

SegmentIndex::SegmentIndex(std::span<const std::uint8_t> payload) {
  if (payload.size() < kHeaderBytes + 2 || payload.size() % 2 != 0) return;
  if (!std::equal(std::begin(kStart), std::end(kStart), payload.begin())) return;
  for (std::size_t i = 0; i < 4; ++i) interval_ |= static_cast<unsigned>(payload[sizeof kStart + i]) << (8 * i);
  sizes_ = payload.subspan(kHeaderBytes);
}

bool SegmentIndex::fits(std::span<const std::uint8_t> entropy, unsigned interval) const {
  if (interval != interval_) return false;
  std::size_t next = 0;
  return each_segment(entropy, [&](std::size_t size) { return next < segments() && bytes(next++) == size; }) &&
         next == segments();
}

std::vector<std::uint8_t> index_segments(std::span<const std::uint8_t> entropy, unsigned interval) {
  std::vector<std::uint8_t> payload(std::begin(kStart), std::end(kStart));
  for (int i = 0; i < 4; ++i) payload.push_back(static_cast<std::uint8_t>(interval >> (8 * i)));
  const bool is_whole = each_segment(entropy, [&](std::size_t size) {
    payload.push_back(static_cast<std::uint8_t>(size));
    payload.push_back(static_cast<std::uint8_t>(size >> 8));
    return size < 65'535 && payload.size() <= kMostPayload;
  });
  if (!is_whole) payload.clear();
  return payload;
}

}  // namespace penstock::image
