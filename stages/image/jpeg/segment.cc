#include "stages/image/jpeg/segment.h"

#include <algorithm>
#include <cstring>

namespace penstock::image {
namespace {

constexpr std::size_t kBufferBytes = 16 << 10;
constexpr std::uint8_t kMarker = 0xFF;

}  // namespace

void SegmentReader::open(std::span<const std::uint8_t> entropy) {
  // Behind the buffer's end lies room for what a damaged MCU reads too much, before ready() finds it out.
  if (buffer_.empty()) buffer_.resize(kBufferBytes + kMostMcuBytes + 16);
  in_ = entropy.data();
  in_end_ = entropy.data() + entropy.size();
}

// `in_` is at 0xFF: behind the 0 that makes it a byte of data; null where a marker stands here, or nothing. Further 0xFF between the two (T.81,
// B.1.1.2 allows them before markers alone) count as no data: libjpeg-turbo decodes such an MCU twice, and what the first attempt has left
// behind stays in the picture.
const std::uint8_t* SegmentReader::behind_stuffing() const {
  return in_end_ - in_ >= 2 && in_[1] == 0 ? in_ + 2 : nullptr;
}

// Copies up to the next marker or until the buffer is full.
void SegmentReader::fill(std::uint8_t* to) {
  const std::uint8_t* const full = buffer_.data() + kBufferBytes;
  whole_ = false;
  while (to < full) {
    const auto most = static_cast<std::size_t>(std::min<std::ptrdiff_t>(full - to, in_end_ - in_));
    const void* found = most == 0 ? nullptr : std::memchr(in_, kMarker, most);
    const auto plain =
        found == nullptr ? most : static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - in_);
    if (plain > 0) std::memcpy(to, in_, plain);
    to += plain;
    in_ += plain;
    if (found == nullptr) {
      whole_ = in_ == in_end_;
      break;
    }
    const std::uint8_t* const behind = behind_stuffing();
    if (behind == nullptr) {
      whole_ = true;
      break;
    }
    *to++ = kMarker;
    in_ = behind;
  }
  end_ = to;
}

void SegmentReader::begin() {
  bits.start(buffer_.data());
  fill(buffer_.data());
}

bool SegmentReader::ready_at_end() {
  if (!whole_) {
    const auto rest = static_cast<std::size_t>(end_ - bits.next);
    std::memmove(buffer_.data(), bits.next, rest);
    bits.next = buffer_.data();
    fill(buffer_.data() + rest);
  }
  return bits.left(end_) >= 0;
}

bool SegmentReader::finish() {
  const std::int64_t left = bits.left(end_);
  if (left < 0) return false;
  if (left < 8) return whole_ || (ready_at_end() && whole_ && bits.left(end_) < 8);
  return false;
}

std::size_t SegmentReader::pass_over() {
  const std::uint8_t* const begin = in_;
  while (in_ < in_end_) {
    const void* found = std::memchr(in_, kMarker, static_cast<std::size_t>(in_end_ - in_));
    in_ = found == nullptr ? in_end_ : static_cast<const std::uint8_t*>(found);
    const std::uint8_t* const behind = behind_stuffing();
    if (behind == nullptr) break;
    in_ = behind;
  }
  return static_cast<std::size_t>(in_ - begin);
}

bool SegmentReader::pass_over(std::size_t bytes) {
  if (static_cast<std::size_t>(in_end_ - in_) < bytes + 2) return false;
  in_ += bytes;
  return in_[0] == kMarker && in_[1] != 0;
}

int SegmentReader::marker() {
  while (in_end_ - in_ >= 2 && in_[0] == kMarker && in_[1] == kMarker) ++in_;  // fill bytes
  if (in_end_ - in_ < 2 || in_[0] != kMarker || in_[1] == 0) return 0;
  in_ += 2;
  return in_[-1];
}

}  // namespace penstock::image
