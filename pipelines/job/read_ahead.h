// Encoded records for jobs that touch each of them once: packing, verifying, probing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/data/source.h"

namespace penstock {

/// One record as it lies in its data set.
struct RawRecord {
  uint64_t id = 0;
  std::span<const std::byte> bytes;  ///< good as long as its RawChunk
  int64_t label = -1;
  std::string fault;  ///< why it cannot be had; "" where it can
};

/// Records that were read together.
struct RawChunk {
  uint64_t first = 0;  ///< place of records[0] in the order that was asked for
  std::vector<RawRecord> records;
  std::vector<std::unique_ptr<std::byte[]>> memory;
};

/// Reads `ids` of a source with fields "bytes" (u8, unbounded) and, where there is one, "label" (i64). Without a field "bytes" (arrays), `bytes` are those of the first field. A bad record has its
/// `fault`; a failing disk is an Error.
RawChunk read_raw(const Source& source, std::span<const uint64_t> ids);

/// Gives the records `id_at(0), ..., id_at(count - 1)` in order, chunk by chunk, and reads the next chunk while the caller works
/// on the one before. Holds about three chunks. One thread; source and id_at must outlive it.
class ReadAhead {
 public:
  struct Limits {
    uint64_t chunk_bytes = 32u << 20;
    uint64_t chunk_records = 4096;
    /// Of each `shares` chunks only the one after `share` others is read and given: the rest are other processes'.
    uint32_t share = 0, shares = 1;
  };

  ReadAhead(const Source& source, uint64_t count, std::function<uint64_t(uint64_t)> id_at)
      : ReadAhead(source, count, std::move(id_at), Limits()) {}
  ReadAhead(const Source& source, uint64_t count, std::function<uint64_t(uint64_t)> id_at, Limits limits);
  ~ReadAhead();

  /// The next chunk; one without records at the end, or where only the last round's first shares have any. Throws what reading it threw.
  RawChunk next();

 private:
  std::vector<uint64_t> next_ids();
  void start();

  const Source& source_;
  const uint64_t count_;
  const std::function<uint64_t(uint64_t)> id_at_;
  const Limits limits_;
  uint64_t begun_ = 0;
  std::future<RawChunk> coming_;
};

}  // namespace penstock
