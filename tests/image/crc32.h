// The CRC-32 of zlib, which golden files hold.
#pragma once

#include <cstdint>
#include <vector>

namespace penstock::test {

inline std::uint32_t crc32_of(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

}  // namespace penstock::test
