#include "stages/image/png_memory.h"

#include <cstdlib>

#include "stages/image/decoder.h"

namespace penstock::image {

PngMemory::~PngMemory() {
  while (free_ != nullptr) {
    Block* const next = free_->next;
    std::free(free_);
    free_ = next;
  }
}

void* PngMemory::take(std::size_t bytes) {
  for (Block** at = &free_; *at != nullptr; at = &(*at)->next) {
    Block* const block = *at;
    if (block->bytes < bytes || block->bytes / 2 > bytes) continue;  // a large block for a small need is soon missed
    *at = block->next;
    kept_ -= block->bytes;
    return block + 1;
  }
  if (bytes > SIZE_MAX - sizeof(Block)) return nullptr;
  auto* const block = static_cast<Block*>(std::malloc(sizeof(Block) + bytes));
  if (block == nullptr) return nullptr;
  block->bytes = bytes;
  return block + 1;
}

void PngMemory::give(void* memory) {
  if (memory == nullptr) return;
  Block* const block = static_cast<Block*>(memory) - 1;
  if (kept_ + block->bytes > kKeptScratch) return std::free(block);
  kept_ += block->bytes;
  block->next = free_;
  free_ = block;
}

}  // namespace penstock::image
