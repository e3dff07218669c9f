// Bytes that begin where a cache line does and are not cleared first.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace penstock::io {

struct FreeBytes {
  void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
};
using AlignedBytes = std::unique_ptr<std::byte[], FreeBytes>;

/// At least `bytes` bytes at a multiple of 64. Throws std::bad_alloc.
inline AlignedBytes aligned_bytes(size_t bytes) {
  AlignedBytes out(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 64) / 64 * 64)));
  if (!out) throw std::bad_alloc();
  return out;
}

}  // namespace penstock::io
