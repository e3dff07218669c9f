#include "io/tier/store_format.h"

#include <sys/file.h>

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/file/file.h"

namespace penstock::io {
namespace {

// Only what is named as a store and has one's head: whatever else lies there is not ours to count or to remove.
bool is_store(FileSystem& fs, const FolderEntry& entry, const std::string& folder) {
  return entry.kind == FileKind::kFolder && from_hex(entry.name) && fs.exists(StoreFormat::head(folder));
}

}  // namespace

std::string StoreFormat::folder(const std::string& tier, uint64_t identity) { return join_path(tier, hex(identity)); }

std::string StoreFormat::segment(const std::string& folder, uint32_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
  return join_path(folder, "segment-" + digits);
}

std::unordered_map<uint64_t, StoreRow> rows_of(FramedLogReader& table, uint64_t records) {
  std::unordered_map<uint64_t, StoreRow> rows;
  while (const auto frame = table.next()) {
    for (size_t at = 0; at + sizeof(StoreRow) <= frame->size(); at += sizeof(StoreRow)) {
      StoreRow row;
      std::memcpy(&row, frame->data() + at, sizeof row);
      if (row.id >= records) continue;
      if (row.segment == StoreRow::kDropped)
        rows.erase(row.id);
      else
        rows[row.id] = row;
    }
  }
  return rows;
}

uint64_t bytes_of_store(FileSystem& fs, const std::string& folder) {
  uint64_t sum = 0;
  std::vector<FolderEntry> entries;
  fs.sys_list(folder.c_str(), &entries);  // what another run removes meanwhile takes no room
  for (const FolderEntry& entry : entries) {
    FileStat stat;
    if (entry.kind == FileKind::kFile && fs.sys_stat(join_path(folder, entry.name).c_str(), &stat) == 0)
      sum += stat.bytes;
  }
  return sum;
}

std::vector<OtherStore> other_stores(FileSystem& fs, const std::string& tier, const std::string& own) {
  std::vector<OtherStore> out;
  for (const FolderEntry& entry : fs.list(tier)) {
    const std::string folder = join_path(tier, entry.name);
    if (!is_store(fs, entry, folder) || folder == own) continue;
    OtherStore store{.folder = folder};
    const auto json = nlohmann::json::parse(read_file(fs, StoreFormat::head(folder), 1 << 20), nullptr, false);
    if (json.is_object()) store.thing = from_hex(json.value("thing", "")).value_or(0);
    store.bytes = bytes_of_store(fs, folder);
    if (fs.exists(StoreFormat::used(folder))) store.used_ns = fs.stat(StoreFormat::used(folder)).mtime_ns;
    out.push_back(std::move(store));
  }
  return out;
}

void write_head(FileSystem& fs, const RecordStoreOptions& options, const std::string& folder) {
  const nlohmann::ordered_json head{
      {"version", 1}, {"identity", hex(options.identity)}, {"thing", hex(options.thing)}, {"what", options.what}};
  write_file(fs, StoreFormat::head(folder), head.dump(1) + "\n");
  write_file(fs, StoreFormat::used(folder), std::string_view("used\n"));
}

bool is_of_a_full_disk(const Error& error) {
  return error.message().find("No space left") != std::string::npos ||
         error.message().find("Disk quota exceeded") != std::string::npos;
}

bool remove_store(FileSystem& fs, const OtherStore& store) {
  File lock(fs, StoreFormat::lock(store.folder), OpenMode::kOpenOrCreate);
  if (::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) return false;
  fs.remove_all(store.folder);
  return true;
}

uint64_t room_in_tier(FileSystem& fs, const RecordStoreOptions& options, const std::string& folder) {
  std::vector<OtherStore> others = other_stores(fs, options.folder, folder);
  std::sort(others.begin(), others.end(), [&](const OtherStore& a, const OtherStore& b) {
    const bool a_old = a.thing == options.thing, b_old = b.thing == options.thing;
    return a_old != b_old ? a_old : a.used_ns < b.used_ns;
  });
  uint64_t theirs = 0;
  for (const OtherStore& other : others) theirs += other.bytes;
  const uint64_t own = bytes_of_store(fs, folder);
  const uint64_t wanted =
      std::max(own, std::min(options.wanted_bytes + options.wanted_bytes / 64, options.quota_bytes));
  for (const OtherStore& other : others) {
    if (other.thing != options.thing && theirs + wanted <= options.quota_bytes) break;
    if (remove_store(fs, other)) theirs -= other.bytes;
  }
  return room_left_by_others(fs, options, folder);
}

uint64_t room_left_by_others(FileSystem& fs, const RecordStoreOptions& options, const std::string& folder) {
  uint64_t theirs = 0;
  std::vector<FolderEntry> entries;
  fs.sys_list(options.folder.c_str(), &entries);
  for (const FolderEntry& entry : entries) {
    const std::string other = join_path(options.folder, entry.name);
    if (is_store(fs, entry, other) && other != folder) theirs += bytes_of_store(fs, other);
  }
  const uint64_t room = options.quota_bytes - std::min(options.quota_bytes, theirs);
  const uint64_t free = fs.free_space(folder) + bytes_of_store(fs, folder);
  return std::min(room, free - std::min(free, StoreFormat::kSpareBytes));
}

}  // namespace penstock::io
