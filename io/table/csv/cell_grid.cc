#include "io/table/csv/cell_grid.h"

#include <algorithm>
#include <bit>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

constexpr size_t kBatch = ChunkMasks::kBytes * ChunkMasks::kChunks;

// Bits [0, count) of a mask.
uint64_t low_bits(size_t count) { return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; }

}  // namespace

void CellGrid::clear() {
  found_ = 0;
  base_.clear();
  begin_.clear();
  ragged_.clear();
  plain_ = !dialect_.space;
}

void CellGrid::find_ends(size_t begin, size_t end) {
  ChunkMasks masks;
  quoted_ = false;
  after_pair_ = 0;
  for (size_t at = begin; at < end; at += kBatch) {
    const size_t bytes = std::min(kBatch, end - at);
    const size_t chunks = (bytes + ChunkMasks::kBytes - 1) / ChunkMasks::kBytes;
    kernels_.masks(text_ + at, chunks, at > begin && text_[at - 1] == '\r', dialect_.delimiter, dialect_.quote, masks);
    const uint64_t inside = low_bits(bytes - (chunks - 1) * ChunkMasks::kBytes);
    masks.lines[chunks - 1] &= inside;
    masks.parts[chunks - 1] &= inside;
    masks.quotes[chunks - 1] &= inside;
    if (ends_.size() < found_ + bytes + ChunkMasks::kBytes + 8) ends_.resize(found_ + 2 * kBatch + found_ / 2);
    if (masks.any_quote != 0 || quoted_) {
      plain_ = false;
      leave_out_quoted(masks, chunks, at, begin, end);
    }
    found_ = static_cast<size_t>(kernels_.places(masks, chunks, static_cast<uint32_t>(at), ends_.data() + found_) -
                                 ends_.data());
  }
}

// Takes what lies inside of quotes out of the masks.
void CellGrid::leave_out_quoted(ChunkMasks& masks, size_t chunks, size_t base, size_t begin, size_t end) {
  const auto is_edge = [&](size_t at) {
    return text_[at] == dialect_.delimiter || text_[at] == '\n' || text_[at] == '\r';
  };
  for (size_t k = 0; k < chunks; ++k, base += ChunkMasks::kBytes) {
    uint64_t outside = quoted_ ? 0 : ~uint64_t{0};
    if (masks.quotes[k] != 0) {
      const size_t behind = base + ChunkMasks::kBytes;
      QuoteParity parity;
      if (!dialect_.space && after_pair_ <= base && behind < end)
        parity = quote_parity(masks, k, quoted_, base == begin || is_edge(base - 1), is_edge(behind));
      if (parity.regular) {
        outside = ~parity.inside;
        quoted_ = parity.inside >> 63 != 0;
      } else {
        outside = outside_of_quotes(masks, k, base, begin);
      }
    }
    masks.lines[k] &= outside;
    masks.parts[k] &= outside;
  }
}

// One mark after the other: the state machine of RowFinder without what broken rows need.
uint64_t CellGrid::outside_of_quotes(const ChunkMasks& masks, size_t k, size_t base, size_t begin) {
  const uint64_t quotes = masks.quotes[k];
  uint64_t outside = 0;
  for (uint64_t bits = masks.lines[k] | masks.parts[k] | quotes; bits != 0; bits &= bits - 1) {
    const uint64_t bit = bits & (~bits + 1);
    const size_t at = base + static_cast<size_t>(std::countr_zero(bits));
    if ((quotes & bit) == 0) {
      if (!quoted_) outside |= bit;
      continue;
    }
    if (at < after_pair_) continue;
    if (quoted_) {
      quoted_ = text_[at + 1] == dialect_.quote;
      if (quoted_) after_pair_ = at + 2;
      continue;
    }
    size_t before = at;
    if (dialect_.space)
      while (before > begin && text_[before - 1] == ' ' && dialect_.delimiter != ' ') --before;
    const char c = before > begin ? text_[before - 1] : '\n';
    quoted_ = c == dialect_.delimiter || c == '\n' || c == '\r';
  }
  return outside;
}

void CellGrid::add(const RowsFound& rows, size_t from, size_t count) {
  if (count == 0) return;
  size_t k = found_;
  find_ends(rows.begin[from], size_t{rows.end[from + count - 1]} + 1);
  const size_t end = found_;  // what add_empty() appends comes behind
  for (size_t r = from; r < from + count; ++r) {
    while (k < end && ends_[k] < rows.begin[r]) ++k;  // lines with nothing in them
    if (k + columns_ <= end && ends_[k + columns_ - 1] == rows.end[r]) {
      base_.push_back(static_cast<uint32_t>(k));
      begin_.push_back(rows.begin[r]);
      k += columns_;
      continue;
    }
    const size_t first = k;
    while (k < end && ends_[k] < rows.end[r]) ++k;
    PENSTOCK_CHECK(k < end && ends_[k] == rows.end[r]);
    ++k;
    ragged_.push_back({static_cast<uint32_t>(base_.size()), static_cast<uint32_t>(k - first)});
    add_empty();
  }
}

void CellGrid::add_empty() {
  if (ends_.size() < found_ + columns_) ends_.resize(found_ + 2 * kBatch + columns_);
  base_.push_back(static_cast<uint32_t>(found_));
  begin_.push_back(0);
  for (size_t c = 0; c < columns_; ++c) ends_[found_++] = static_cast<uint32_t>(c);  // each begins where it ends
}

}  // namespace penstock::io
