// The file of a record index, page by page. Of this room only.
//
//   header            IndexHeader, with the XXH3 of the head and of itself
//   head              JSON: RecordIndexHead
//   page sums         XXH3-64 of each page of the body, u64
//   body              rows by id (32 bytes each), ends of names by id (u64 each), names, ids by place (u64 each, where has_order)
//
// Pages are 64 KiB; the last one is as long as what is left. Numbers are little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/index/record_index.h"

namespace penstock::io {

constexpr uint64_t kIndexPage = uint64_t{64} << 10;

struct IndexHeader {
  char magic[8] = {'P', 'E', 'N', 'S', 'T', 'I', 'D', 'X'};
  uint32_t version = 2;
  uint32_t head_bytes = 0;
  uint64_t records = 0;
  uint64_t names_bytes = 0;
  uint64_t body_bytes = 0;
  uint64_t has_order = 0;
  uint64_t head_sum = 0;
  uint64_t unused = 0;
  uint64_t header_sum = 0;

  uint64_t sum() const {
    IndexHeader copy = *this;
    copy.header_sum = 0;
    return checksum(std::as_bytes(std::span(&copy, 1)));
  }
  uint64_t pages() const { return (body_bytes + kIndexPage - 1) / kIndexPage; }
  uint64_t sums_at() const { return sizeof(IndexHeader) + head_bytes; }
  uint64_t body_at() const { return sums_at() + pages() * sizeof(uint64_t); }
  uint64_t ends_at() const { return records * sizeof(RecordRow); }
  uint64_t names_at() const { return ends_at() + records * sizeof(uint64_t); }
  uint64_t order_at() const { return names_at() + names_bytes; }
};

std::string head_to_json(const RecordIndexHead& head);
std::optional<RecordIndexHead> head_from_json(const std::string& text);

/// Writes an index file front to back.
class IndexPages {
 public:
  IndexPages(FileSystem& fs, const std::string& path) : file_(fs, path) {}
  void begin(const RecordIndexHead& head, uint64_t names_bytes);
  void write(std::span<const std::byte> bytes);
  void finish();

 private:
  AtomicFile file_;
  IndexHeader header_;
  std::string head_;
  std::vector<std::byte> page_;
  std::vector<uint64_t> sums_;
};

}  // namespace penstock::io
