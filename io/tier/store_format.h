// What a RecordStore writes, file by file.
//
//   FOLDER/<identity, 16 hex>/store.json      identity, thing, what, version
//                             segment-0000    records one behind the other, nothing else
//                             table.log       frames of rows, each written when the bytes it speaks of were synced
//                             used            its change time is when the store was last opened
//                             .lock           held with flock(2) by whoever fills it
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/error.h"
#include "io/file/file_system.h"
#include "io/file/framed_log.h"
#include "io/tier/record_store.h"

namespace penstock::io {

/// A row of the table. A row with length 0 and segment kDropped forgets the record.
struct StoreRow {
  static constexpr uint32_t kDropped = UINT32_MAX;
  uint64_t id = 0;
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t checksum = 0;
  uint32_t segment = 0;
  uint32_t unused = 0;
};
static_assert(sizeof(StoreRow) == 40);

struct StoreFormat {
  static constexpr uint32_t kTableKind = 0x53544f52;  // "STOR"
  static constexpr uint64_t kSegmentBytes = uint64_t{1} << 30;
  static constexpr uint64_t kSpareBytes = uint64_t{64} << 20;  ///< of the disk that stay free
  static std::string folder(const std::string& tier, uint64_t identity);
  static std::string segment(const std::string& folder, uint32_t number);
  static std::string table(const std::string& folder) { return join_path(folder, "table.log"); }
  static std::string head(const std::string& folder) { return join_path(folder, "store.json"); }
  static std::string used(const std::string& folder) { return join_path(folder, "used"); }
  static std::string lock(const std::string& folder) { return join_path(folder, ".lock"); }
};

/// The rows of a table by id, those that were forgotten left out; up to the first frame that is not whole.
std::unordered_map<uint64_t, StoreRow> rows_of(FramedLogReader& table, uint64_t records);

/// A store beside this one, for the quota.
struct OtherStore {
  std::string folder;
  uint64_t thing = 0;  ///< see RecordStoreOptions
  uint64_t bytes = 0;
  int64_t used_ns = 0;
};

/// All stores in a tier's folder but `own`.
std::vector<OtherStore> other_stores(FileSystem& fs, const std::string& tier, const std::string& own);
/// Says at the store's folder what it is, and that it is used now.
void write_head(FileSystem& fs, const RecordStoreOptions& options, const std::string& folder);
/// Whether a fault of writing says that there is no room.
bool is_of_a_full_disk(const Error& error);
/// Removes it unless somebody fills it. Says whether it is gone.
bool remove_store(FileSystem& fs, const OtherStore& store);
/// Bytes that the store at `folder` may have: the quota less what others have now, and what the disk has free.
uint64_t room_left_by_others(FileSystem& fs, const RecordStoreOptions& options, const std::string& folder);
/// Makes room for the store at `folder`: stores of an older state of the same thing go, then those used longest ago, until what is wanted fits; those in use stay.
/// Gives the bytes that the store may have.
uint64_t room_in_tier(FileSystem& fs, const RecordStoreOptions& options, const std::string& folder);
/// Bytes of a store's files.
uint64_t bytes_of_store(FileSystem& fs, const std::string& folder);

}  // namespace penstock::io
