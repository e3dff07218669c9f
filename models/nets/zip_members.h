// What lies in a zip archive as torch writes them (TorchScript files, AOTInductor packages), without unpacking it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace penstock::nets {

struct ZipMember {
  std::string name;                  ///< with its folders: "model/data/aotinductor/model/x.wrapper.so"
  std::span<const std::byte> bytes;  ///< within the archive, as they are stored there
  uint32_t crc32 = 0;                ///< of what was packed
  bool compressed = false;           ///< torch compresses TorchScript's code, and nothing of a package
};

/// Of an archive, also one of more than 4 GiB (PKWARE APPNOTE 6.3.10, 4.3), in the order of its directory. Throws Error kData where the archive
/// is cut off or contradicts itself. Checks no checksum. `origin` names it in messages.
std::vector<ZipMember> zip_members(std::span<const std::byte> archive, const std::string& origin);

/// CRC-32 of ISO 3309, as zip has it.
uint32_t crc32_of(std::span<const std::byte> bytes);

/// Throws Error kData that names the member where its bytes are not those that were written, or are compressed.
void verify(const ZipMember& member, const std::string& origin);

}  // namespace penstock::nets
