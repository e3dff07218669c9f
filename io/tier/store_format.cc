#include "io/tier/store_format.h"

#include <sys/file.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/file/file.h"

namespace penstock::io {

std::string StoreFormat::folder(const std::string& tier, uint64_t identity) { return join_path(tier, hex(identity)); }

std::string StoreFormat::segment(const std::string& folder, uint32_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
  return join_path(folder, "segment-" + digits);
}

uint64_t bytes_of_store(FileSystem& fs, const std::string& folder) {
  uint64_t sum = 0;
  for (const FolderEntry& entry : fs.list(folder)) {
    if (entry.kind == FileKind::kFile) sum += fs.stat(join_path(folder, entry.name)).bytes;
  }
  return sum;
}

std::vector<OtherStore> other_stores(FileSystem& fs, const std::string& tier, const std::string& own) {
  std::vector<OtherStore> out;
  for (const FolderEntry& entry : fs.list(tier)) {
    const std::string folder = join_path(tier, entry.name);
    // Only what is named as a store and has one's head: whatever else lies there is not ours to count or to remove.
    if (entry.kind != FileKind::kFolder || !from_hex(entry.name) || folder == own) continue;
    if (!fs.exists(StoreFormat::head(folder))) continue;
    OtherStore store{.folder = folder, .what = {}};
    const auto json = nlohmann::json::parse(read_file(fs, StoreFormat::head(folder), 1 << 20), nullptr, false);
    if (json.is_object()) store.what = json.value("what", "");
    store.bytes = bytes_of_store(fs, folder);
    if (fs.exists(StoreFormat::used(folder))) store.used_ns = fs.stat(StoreFormat::used(folder)).mtime_ns;
    out.push_back(std::move(store));
  }
  return out;
}

bool remove_store(FileSystem& fs, const OtherStore& store) {
  File lock(fs, StoreFormat::lock(store.folder), OpenMode::kOpenOrCreate);
  if (::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) return false;
  fs.remove_all(store.folder);
  return true;
}

}  // namespace penstock::io
