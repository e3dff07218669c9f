// Where everything lies in an Arrow file that Penstock wrote, with checksums: kept in the file's footer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::io {

/// The buffers of one column in one piece: a stretch of the file, all of it under one checksum.
struct PackedRegion {
  uint64_t offset = 0;
  uint64_t bytes = 0;  ///< validity, offsets, values, each padded to kPackedAlignment
  uint64_t checksum = 0;
  uint64_t has_valid = 0;  ///< 1: it begins with a validity bitmap
};

inline constexpr uint64_t kPackedAlignment = 8;
inline constexpr const char* kPackedIndexKey = "penstock.index";
inline constexpr const char* kPackedOriginKey = "penstock.origin";

constexpr uint64_t padded(uint64_t bytes) {
  return (bytes + kPackedAlignment - 1) / kPackedAlignment * kPackedAlignment;
}

struct PackedIndex {
  uint64_t fingerprint = 0;
  uint64_t columns = 0;
  uint64_t schema_checksum = 0;          ///< of what Arrow says the columns are
  std::vector<uint64_t> begins = {0};    ///< of each piece, and behind the last
  std::vector<uint64_t> word_checksums;  ///< of each column's dictionary (checksum_of_words); 0 where it has none
  std::vector<PackedRegion> regions;     ///< piece by piece, column by column

  uint64_t pieces() const { return begins.size() - 1; }
  const PackedRegion& region(uint64_t piece, uint64_t column) const { return regions[piece * columns + column]; }

  /// Little-endian u64: version, fingerprint, columns, pieces, schema checksum, begins, word checksums, regions, XXH3-64 of all before.
  std::string bytes() const;
  /// Nothing where the text is no such index, or damaged. `file_bytes`: regions end before it.
  static std::optional<PackedIndex> parse(std::string_view bytes, uint64_t file_bytes);
  uint64_t resident_bytes() const;
};

}  // namespace penstock::io
