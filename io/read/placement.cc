#include "io/read/placement.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

namespace penstock::io {
namespace {

constexpr uint32_t kExtentsACall = 256;

}  // namespace

uint64_t PhysicalMap::physical(uint64_t logical) const {
  const auto behind = std::upper_bound(pieces.begin(), pieces.end(), logical,
                                       [](uint64_t at, const Piece& piece) { return at < piece.logical; });
  if (behind == pieces.begin()) return 0;
  const Piece& piece = *(behind - 1);
  return piece.physical + (logical - piece.logical);
}

uint64_t PhysicalMap::contiguous_from(uint64_t logical) const {
  auto piece = std::upper_bound(pieces.begin(), pieces.end(), logical,
                                [](uint64_t at, const Piece& p) { return at < p.logical; });
  if (piece == pieces.begin()) return 0;
  --piece;
  if (logical >= piece->logical + piece->bytes) return 0;
  uint64_t end = piece->logical + piece->bytes;
  for (auto next = piece + 1; next != pieces.end(); piece = next++) {
    if (next->logical != end || next->physical != piece->physical + piece->bytes) break;
    end += next->bytes;
  }
  return end - logical;
}

std::optional<PhysicalMap> physical_map(FileSystem& fs, const std::string& path) {
  if (!fs.passes_through()) return std::nullopt;
  const int fd = fs.sys_open(path.c_str(), O_RDONLY, 0);
  if (fd < 0) return std::nullopt;
  PhysicalMap map;
  std::vector<uint64_t> memory((sizeof(fiemap) + kExtentsACall * sizeof(fiemap_extent)) / sizeof(uint64_t) + 1);
  auto* ask = reinterpret_cast<fiemap*>(memory.data());
  bool told = true;
  for (uint64_t from = 0;;) {
    std::memset(memory.data(), 0, memory.size() * sizeof(uint64_t));
    ask->fm_start = from;
    ask->fm_length = FIEMAP_MAX_OFFSET - from;
    ask->fm_extent_count = kExtentsACall;
    if (::ioctl(fd, FS_IOC_FIEMAP, ask) < 0) {
      told = false;
      break;
    }
    if (ask->fm_mapped_extents == 0) break;
    bool last = false;
    for (uint32_t i = 0; i < ask->fm_mapped_extents; ++i) {
      const fiemap_extent& extent = ask->fm_extents[i];
      // What has no place yet (not flushed), or shares its block with others (inline), cannot be followed.
      if ((extent.fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC)) == 0)
        map.pieces.push_back({extent.fe_logical, extent.fe_physical, extent.fe_length});
      from = extent.fe_logical + extent.fe_length;
      last = last || (extent.fe_flags & FIEMAP_EXTENT_LAST) != 0;
    }
    if (last) break;
  }
  fs.sys_close(fd);
  if (!told) return std::nullopt;
  return map;
}

}  // namespace penstock::io
