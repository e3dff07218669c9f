#include "io/table/packed/packed_index.h"

#include <cstring>

#include "io/file/checksum.h"

namespace penstock::io {
namespace {

constexpr uint64_t kVersion = 1;
constexpr size_t kHead = 5;  // words before the lists

}  // namespace

std::string PackedIndex::bytes() const {
  std::vector<uint64_t> words{kVersion, fingerprint, columns, pieces(), schema_checksum};
  words.insert(words.end(), begins.begin(), begins.end());
  words.insert(words.end(), word_checksums.begin(), word_checksums.end());
  for (const PackedRegion& r : regions) words.insert(words.end(), {r.offset, r.bytes, r.checksum, r.has_valid});
  words.push_back(checksum(std::as_bytes(std::span(words))));
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(uint64_t)};
}

std::optional<PackedIndex> PackedIndex::parse(std::string_view bytes, uint64_t file_bytes) {
  std::vector<uint64_t> words(bytes.size() / sizeof(uint64_t));
  if (words.size() * sizeof(uint64_t) != bytes.size() || words.size() < kHead + 2) return std::nullopt;
  std::memcpy(words.data(), bytes.data(), bytes.size());
  if (words.back() != checksum(std::as_bytes(std::span(words).first(words.size() - 1)))) return std::nullopt;
  if (words[0] != kVersion) return std::nullopt;
  PackedIndex index;
  index.fingerprint = words[1];
  index.columns = words[2];
  index.schema_checksum = words[4];
  const uint64_t pieces = words[3], most = words.size();
  if (pieces > most || index.columns > most || (pieces > 0 && index.columns > most / pieces)) return std::nullopt;
  if (most != kHead + pieces + 1 + index.columns + 4 * pieces * index.columns + 1) return std::nullopt;
  auto at = words.begin() + kHead;
  index.begins.assign(at, at + static_cast<ptrdiff_t>(pieces) + 1);
  at += static_cast<ptrdiff_t>(pieces) + 1;
  index.word_checksums.assign(at, at + static_cast<ptrdiff_t>(index.columns));
  at += static_cast<ptrdiff_t>(index.columns);
  for (uint64_t i = 0; i < pieces * index.columns; ++i, at += 4) {
    index.regions.push_back({at[0], at[1], at[2], at[3]});
    if (at[0] > file_bytes || at[1] > file_bytes - at[0]) return std::nullopt;
  }
  if (index.begins[0] != 0) return std::nullopt;
  for (uint64_t p = 0; p < pieces; ++p)
    if (index.begins[p] >= index.begins[p + 1]) return std::nullopt;
  return index;
}

uint64_t PackedIndex::resident_bytes() const {
  return begins.capacity() * 8 + word_checksums.capacity() * 8 + regions.capacity() * sizeof(PackedRegion);
}

}  // namespace penstock::io
