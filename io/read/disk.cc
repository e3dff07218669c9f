#include "io/read/disk.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/file/append_file.h"

namespace penstock::io {
namespace {

constexpr const char* kFileName = "disks.jsonl";

// The kernel's name of the whole disk, and whether it turns. Empty where it has none: overlay, tmpfs, network.
struct Kernel {
  std::string name;
  bool rotational = false;
};

Kernel ask_kernel(uint64_t device) {
  namespace fs = std::filesystem;
  Kernel found;
  std::error_code fault;
  fs::path base =
      fs::canonical("/sys/dev/block/" + std::to_string(major(device)) + ":" + std::to_string(minor(device)), fault);
  if (fault) return found;
  if (fs::exists(base / "partition", fault)) base = base.parent_path();
  found.name = base.filename().string();
  std::ifstream file(base / "queue/rotational");
  int rotational = 0;
  found.rotational = file >> rotational && rotational != 0;
  return found;
}

uint64_t filesystem_of(FileSystem& fs, const std::string& path) {
  struct statfs found = {};
  if (!fs.passes_through() || ::statfs(path.c_str(), &found) != 0) return 0;
  uint64_t id = 0;
  std::memcpy(&id, &found.f_fsid, std::min(sizeof id, sizeof found.f_fsid));
  return id;
}

DiskModel from_json(const nlohmann::json& json) {
  DiskModel disk;
  disk.kind = json.value("kind", "ssd") == "hdd" ? DiskKind::kHdd : DiskKind::kSsd;
  disk.name = json.value("name", "?");
  disk.device = json.value("device", uint64_t{0});
  disk.filesystem = json.value("filesystem", uint64_t{0});
  disk.bytes_per_second = json.value("bytes_per_second", 0.0);
  disk.positioning_seconds = json.value("positioning_seconds", 0.0);
  disk.latency_seconds = json.value("latency_seconds", 0.0);
  disk.reads_per_second = json.value("reads_per_second", 0.0);
  disk.measured_unix = json.value("measured_unix", int64_t{0});
  return disk;
}

nlohmann::ordered_json to_json(const DiskModel& disk) {
  return {{"name", disk.name},
          {"device", disk.device},
          {"filesystem", disk.filesystem},
          {"kind", disk.kind == DiskKind::kHdd ? "hdd" : "ssd"},
          {"bytes_per_second", disk.bytes_per_second},
          {"positioning_seconds", disk.positioning_seconds},
          {"latency_seconds", disk.latency_seconds},
          {"reads_per_second", disk.reads_per_second},
          {"measured_unix", disk.measured_unix}};
}

// The last measurement of that disk; lines that are none (a torn one, a later version's) are passed over.
bool recall(FileSystem& fs, DiskModel& disk) {
  const std::string folder = disks_folder();
  if (folder.empty()) return false;
  const std::string path = join_path(folder, kFileName);
  const int64_t oldest = static_cast<int64_t>(std::time(nullptr)) - kDiskMemorySeconds;
  bool found = false;
  try {
    if (!fs.exists(path)) return false;
    std::istringstream lines(read_file(fs, path));
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line, nullptr, false);
      if (!json.is_object()) continue;
      const DiskModel other = from_json(json);
      if (other.name != disk.name || other.device != disk.device || other.filesystem != disk.filesystem ||
          other.bytes_per_second <= 0 || other.measured_unix < oldest)
        continue;
      disk = other;
      found = true;
    }
  } catch (const std::exception&) {  // a memory of measurements, nothing that a run should fail for
    return false;
  }
  return found;
}

}  // namespace

DiskModel DiskModel::assumed(DiskKind kind) {
  DiskModel disk;
  disk.kind = kind;
  disk.name = "?";
  if (kind == DiskKind::kHdd) {
    disk.bytes_per_second = 200e6;
    disk.positioning_seconds = disk.latency_seconds = 11.6e-3;
    disk.reads_per_second = 1 / disk.positioning_seconds;
  } else {
    disk.bytes_per_second = 500e6;
    disk.latency_seconds = 100e-6;
    disk.reads_per_second = 90e3;
  }
  return disk;
}

uint64_t DiskModel::extent_bytes(double share) const {
  return static_cast<uint64_t>(positioning_seconds * bytes_per_second * share / (1 - share));
}

uint64_t DiskModel::hole_bytes() const {
  const double cost = kind == DiskKind::kHdd ? positioning_seconds : reads_per_second > 0 ? 1 / reads_per_second : 0;
  return static_cast<uint64_t>(cost * bytes_per_second);
}

unsigned DiskModel::depth(uint64_t bytes) const {
  const double transfer = static_cast<double>(bytes) / std::max(1.0, bytes_per_second);
  const double each = std::max(transfer, reads_per_second > 0 ? 1 / reads_per_second : 0.0);
  return static_cast<unsigned>(std::clamp(std::ceil((latency_seconds + transfer) / std::max(each, 1e-9)), 1.0, 256.0));
}

DiskModel disk_of(FileSystem& fs, const std::string& path) {
  try {
    const uint64_t device = fs.stat(path).device;
    const Kernel kernel = ask_kernel(device);
    DiskModel disk = DiskModel::assumed(kernel.rotational ? DiskKind::kHdd : DiskKind::kSsd);
    if (!kernel.name.empty()) disk.name = kernel.name;
    disk.device = device;
    disk.filesystem = filesystem_of(fs, path);
    recall(fs, disk);
    return disk;
  } catch (const Error&) { return DiskModel::assumed(DiskKind::kSsd); }
}

void remember_disk(FileSystem& fs, const DiskModel& disk, const std::string& folder) {
  fs.make_folders(folder);
  AppendFile file(fs, join_path(folder, kFileName));
  file.append(to_json(disk).dump() + "\n");
  file.flush();
}

std::string disks_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return join_path(cache, "penstock");
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return join_path(home, ".cache/penstock");
  return "";
}

}  // namespace penstock::io
