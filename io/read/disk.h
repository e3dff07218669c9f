// What a disk can do: the numbers that plans of reading are made from.
#pragma once

#include <cstdint>
#include <string>

#include "io/file/file_system.h"

namespace penstock::io {

enum class DiskKind : uint8_t {
  kHdd,  ///< one head: a far read costs a positioning
  kSsd,  ///< many reads at once cost no more than one
};

/// A device's model. A read of b bytes that does not follow the one before takes positioning_seconds + b / bytes_per_second on a hard
/// disk (one that was measured takes reads_per_second at most besides); an SSD brings min(depth / latency_seconds, reads_per_second) reads a second, and bytes_per_second at most.
struct DiskModel {
  DiskKind kind = DiskKind::kSsd;
  std::string name;     ///< "sda", "loop3", or "?" where the kernel does not say
  uint64_t device = 0;  ///< st_dev of the file system on it
  uint64_t filesystem =
      0;  ///< statfs(2) f_fsid of it: another one after mkfs, so that a new disk of an old name is not taken for it
  double bytes_per_second = 0;
  double positioning_seconds = 0;  ///< hdd: mean seek and half a turn
  double latency_seconds = 0;      ///< of one small read, alone
  double reads_per_second = 0;     ///< small ones, as many at once as it likes
  int64_t measured_unix = 0;       ///< when it was probed; 0: assumed from its kind

  /// The usual disk of its kind: 200 MB/s and 11.6 ms; 500 MB/s, 100 us, 90,000 reads a second.
  static DiskModel assumed(DiskKind kind);

  /// Bytes of an extent that is read at `share` of the sequential rate when each needs a positioning: p * rate * share / (1 - share). Of the usual hard
  /// disk 44 MB for 0.95, 75 MB for 0.97.
  uint64_t extent_bytes(double share = 0.95) const;
  /// A hole up to this is cheaper read over than skipped.
  uint64_t hole_bytes() const;
  /// Reads in flight that keep it busy, by Little's law: rate x latency of reads of `bytes` each; at least 1, at most 256.
  unsigned depth(uint64_t bytes) const;
};

/// The model of the disk that `path` lies on: as probed and remembered, else assumed from what the kernel calls it (rotational or not; an SSD where it does
/// not say). Never fails.
DiskModel disk_of(FileSystem& fs, const std::string& path);
/// Of the remembered ones none that is older than this is used: disks age, and are filled.
constexpr int64_t kDiskMemorySeconds = int64_t{90} * 24 * 3600;
/// Remembers a measured model: one more line in `folder`/disks.jsonl, of which the last of a device counts. By device, not by path.
void remember_disk(FileSystem& fs, const DiskModel& disk, const std::string& folder);
/// Where disk_of looks: $XDG_CACHE_HOME/penstock, else ~/.cache/penstock, else "".
std::string disks_folder();

}  // namespace penstock::io
