#include "io/table/csv/chunk_masks.h"

#include <bit>

#include <immintrin.h>

namespace penstock::io {
namespace {

// The LF of a CRLF is no line end of its own.
inline uint64_t line_ends(uint64_t lf, uint64_t cr, bool& after_cr) {
  const uint64_t before = cr << 1 | (after_cr ? 1 : 0);
  after_cr = cr >> 63 != 0;
  return cr | (lf & ~before);
}

inline uint64_t equal_sse2(const char* text, char c) {
  const __m128i wanted = _mm_set1_epi8(c);
  uint64_t out = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text) + i);
    out |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)))) << (16 * i);
  }
  return out;
}

void masks_sse2(const char* text, size_t chunks, bool after_cr, char delimiter, char quote, ChunkMasks& out) {
  out.any_quote = 0;
  for (size_t k = 0; k < chunks; ++k, text += ChunkMasks::kBytes) {
    const uint64_t lf = equal_sse2(text, '\n'), cr = equal_sse2(text, '\r');
    out.breaks[k] = lf | cr;
    out.lines[k] = line_ends(lf, cr, after_cr);
    out.parts[k] = equal_sse2(text, delimiter);
    out.quotes[k] = quote != 0 ? equal_sse2(text, quote) : 0;
    out.any_quote |= out.quotes[k];
  }
}

uint32_t* places_sse2(const ChunkMasks& masks, size_t chunks, uint32_t base, uint32_t* out) {
  for (size_t k = 0; k < chunks; ++k, base += ChunkMasks::kBytes)
    for (uint64_t bits = masks.lines[k] | masks.parts[k]; bits != 0; bits &= bits - 1)
      *out++ = base + static_cast<uint32_t>(std::countr_zero(bits));
  return out;
}

[[gnu::target("avx2")]] inline uint64_t equal_avx2(__m256i low, __m256i high, char c) {
  const __m256i wanted = _mm256_set1_epi8(c);
  const auto l = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)));
  const auto h = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)));
  return static_cast<uint64_t>(h) << 32 | l;
}

[[gnu::target("avx2")]] void masks_avx2(const char* text, size_t chunks, bool after_cr, char delimiter, char quote,
                                        ChunkMasks& out) {
  out.any_quote = 0;
  for (size_t k = 0; k < chunks; ++k, text += ChunkMasks::kBytes) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text) + 1);
    const uint64_t lf = equal_avx2(low, high, '\n'), cr = equal_avx2(low, high, '\r');
    out.breaks[k] = lf | cr;
    out.lines[k] = line_ends(lf, cr, after_cr);
    out.parts[k] = equal_avx2(low, high, delimiter);
    out.quotes[k] = quote != 0 ? equal_avx2(low, high, quote) : 0;
    out.any_quote |= out.quotes[k];
  }
}

// Eight at a time whether or not there are so many: what is too much is overwritten by the next chunk, and no branch is taken wrong.
[[gnu::target("avx2,bmi,popcnt")]] uint32_t* places_avx2(const ChunkMasks& masks, size_t chunks, uint32_t base,
                                                         uint32_t* out) {
  for (size_t k = 0; k < chunks; ++k, base += ChunkMasks::kBytes) {
    uint64_t bits = masks.lines[k] | masks.parts[k];
    const auto count = static_cast<size_t>(_mm_popcnt_u64(bits));
    for (size_t done = 0; done < count; done += 8)
      for (size_t i = 0; i < 8; ++i) {
        out[done + i] = base + static_cast<uint32_t>(_tzcnt_u64(bits));
        bits = _blsr_u64(bits);
      }
    out += count;
  }
  return out;
}

constexpr ChunkKernels kKernels[] = {{"sse2", masks_sse2, places_sse2}, {"avx2", masks_avx2, places_avx2}};

}  // namespace

QuoteParity quote_parity(const ChunkMasks& masks, size_t k, bool quoted, bool edge_before, bool edge_behind) {
  const uint64_t quotes = masks.quotes[k], edges = masks.parts[k] | masks.breaks[k];
  uint64_t inside = quotes;  // bit i becomes the parity of the quotes up to it
  for (int shift = 1; shift < 64; shift *= 2) inside ^= inside << shift;
  if (quoted) inside = ~inside;
  const uint64_t opens = quotes & inside, closes = quotes & ~inside;
  const uint64_t before = (edges | closes) << 1 | (edge_before ? 1 : 0);
  const uint64_t behind = (edges | opens) >> 1 | (edge_behind ? uint64_t{1} << 63 : 0);
  return {.inside = inside,
          .opens = opens,
          .pairs = (opens & closes << 1) != 0,
          .regular = (opens & ~before) == 0 && (closes & ~behind) == 0};
}

std::span<const ChunkKernels> ChunkKernels::all() {
  static const bool wide = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
                           __builtin_cpu_supports("popcnt") != 0;
  return std::span(kKernels).first(wide ? 2 : 1);
}

const ChunkKernels& ChunkKernels::best() { return all().back(); }

}  // namespace penstock::io
