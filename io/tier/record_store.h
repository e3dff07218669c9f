// Records on a fast disk: the SSD tier. A store never holds the only copy of anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

struct RecordStoreOptions {
  std::string folder;        ///< of the tier; each data set and cut of a graph has a folder of its own in it
  uint64_t quota_bytes = 0;  ///< of all stores in `folder` together
  /// What it will come to hold, about: stores used longest ago make room for it, those of an older state of the same thing first.
  uint64_t wanted_bytes = 0;
  uint64_t identity = 0;  ///< what is kept: the data set's state and, for a stage's output, the graph up to it
  uint64_t thing = 0;     ///< the same without the state: of two stores with one thing the older is out of date
  std::string what;       ///< in words, for people
  uint64_t records = 0;   ///< ids are below
  /// Whether bytes are the record's own, asked by the writing thread before it keeps them; empty: they are.
  std::function<bool(uint64_t id, std::span<const std::byte> bytes)> is_right = {};
};

/// Bytes by record id in append-only segment files. Survives restarts and kills (what was not synced is lost, never wrong), checks what it
/// reads, keeps to its quota, may be used by several runs and processes at once: the first to lock it fills it, the others read what
/// is there and see what is added when they call refresh(). A failing disk turns it off: `fault()` says why, find() finds nothing, put()
/// does nothing. A full one takes no more and goes on giving what it has. Nothing is thrown after open(). Thread-safe.
class RecordStore {
 public:
  /// Makes or opens the store. Throws kUsage where the folder cannot be one, kIo where it cannot be made or written.
  static std::unique_ptr<RecordStore> open(FileSystem& fs, RecordStoreOptions options);
  virtual ~RecordStore() = default;

  /// Where a record's bytes lie, in file_path(file); nothing where they are not here.
  struct Kept {
    uint32_t file = 0;
    uint64_t offset = 0;
    uint64_t length = 0;
    uint64_t checksum = 0;  ///< XXH3-64
  };
  virtual std::optional<Kept> find(uint64_t id) const = 0;
  virtual std::string file_path(uint32_t file) const = 0;
  /// Its bytes did not have the checksum, or cannot be read: it is forgotten, here for good and, where this one fills it, on disk; this object does not keep it again.
  virtual void drop(uint64_t id) = 0;
  /// Turns it off, for a reason that whoever reads from it has.
  virtual void give_up(const std::string& why) = 0;

  /// Takes a copy and writes it on a thread of its own. False, and nothing done, where it is not the filling one, is full, off, has the record,
  /// or cannot keep pace (at most `kMostWaiting` bytes wait): never waits.
  virtual bool put(uint64_t id, std::span<const std::span<const std::byte>> parts) = 0;
  bool put(uint64_t id, std::span<const std::byte> bytes) { return put(id, std::span(&bytes, 1)); }
  /// Whether put() would take a record of this id, its bytes aside: for whoever has work to do before it can call it.
  virtual bool wants(uint64_t id) const = 0;
  /// Room left for more bytes of records.
  virtual uint64_t room() const = 0;
  /// Whether this one may fill it.
  virtual bool fills() const = 0;
  virtual uint64_t kept_records() const = 0;
  virtual uint64_t kept_bytes() const = 0;
  /// Writes and syncs what waits. Returns false where the store is off.
  virtual bool flush() = 0;
  /// Looks for what another process added.
  virtual void refresh() = 0;
  /// A sentence's end: why it was turned off ("is left out: ..."), or keeps no more though it has room ("keeps no more: ..."); "" where it is well.
  virtual std::string fault() const = 0;
  /// RAM that it holds: its table (72 bytes a record kept) and what waits to be written, at most.
  virtual uint64_t resident_bytes() const = 0;

  static constexpr uint64_t kMostWaiting = uint64_t{32} << 20;
};

}  // namespace penstock::io
