// Memory for libpng: kept from picture to picture.
#pragma once

#include <cstddef>

namespace penstock::image {

/// Blocks that libpng (and zlib through it) gives back are handed out again, so that a picture like the one before allocates
/// nothing. At most kKeptScratch bytes stay while nothing is decoded. One for each decoder.
class PngMemory {
 public:
  PngMemory() = default;
  ~PngMemory();
  PngMemory(const PngMemory&) = delete;
  PngMemory& operator=(const PngMemory&) = delete;

  /// Null where there is no memory. Aligned for anything.
  void* take(std::size_t bytes);
  /// What take() has given; null is nothing.
  void give(void* memory);

 private:
  struct alignas(std::max_align_t) Block {
    std::size_t bytes;
    Block* next;
  };
  Block* free_ = nullptr;
  std::size_t kept_ = 0;
};

}  // namespace penstock::image
