// Which bytes of a text part cells, end lines or quote: 64 bytes at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace penstock::io {

/// Bit i of mask k speaks of byte 64 k + i.
struct ChunkMasks {
  static constexpr size_t kBytes = 64;    ///< of a chunk
  static constexpr size_t kChunks = 64;   ///< of a batch, at most
  static constexpr size_t kPadding = 64;  ///< bytes that may be read behind a text
  std::array<uint64_t, kChunks> lines;    ///< LF, and CR; not the LF of CRLF
  std::array<uint64_t, kChunks> breaks;   ///< LF and CR
  std::array<uint64_t, kChunks> parts;    ///< the delimiter
  std::array<uint64_t, kChunks> quotes;
  uint64_t any_quote = 0;  ///< 0: none in the batch
};

/// The quotes of a chunk by their parity: where none of them is odd, every other one opens a cell and every other one closes it.
struct QuoteParity {
  uint64_t inside = 0;  ///< between quotes, the opening one included
  uint64_t opens = 0;
  bool pairs = false;  ///< two quotes stand for one somewhere
  /// Every quote that opens stands behind a part, a line end or a closing one, every one that closes before such. Else the rest is not to be used.
  bool regular = false;
};

/// Of chunk `k`. `quoted`: it begins inside of quotes. `edge_before`, `edge_behind`: the byte before it, and the one behind, part cells or end a line.
QuoteParity quote_parity(const ChunkMasks& masks, size_t k, bool quoted, bool edge_before, bool edge_behind);

/// The kernels in one vector width. All give the same.
struct ChunkKernels {
  const char* name;
  /// Masks of 64 * `chunks` bytes (at most kChunks chunks). `after_cr`: the byte before was CR. `quote` 0: no quotes.
  void (*masks)(const char* text, size_t chunks, bool after_cr, char delimiter, char quote, ChunkMasks& out);
  /// Writes `base` + the place of each bit of lines | parts, in order, and gives the end of what was written. Up to 64 places behind it are overwritten too.
  uint32_t* (*places)(const ChunkMasks& masks, size_t chunks, uint32_t base, uint32_t* out);

  /// The best of this machine.
  static const ChunkKernels& best();
  /// All that this machine can run; the first is the plain one (SSE2, which every x86-64 has).
  static std::span<const ChunkKernels> all();
};

}  // namespace penstock::io
