#include "io/table/csv/row_scan.h"

#include <algorithm>
#include <bit>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

constexpr size_t kBatch = ChunkMasks::kBytes * ChunkMasks::kChunks;

/// The state machine of the grammar, fed with the bytes that mean something.
class RowFinder {
 public:
  RowFinder(std::string_view text, const CsvDialect& dialect, bool whole, RowsFound& out)
      : text_(text), dialect_(dialect), whole_(whole), out_(out) {}

  size_t run(const ChunkKernels& kernels) {
    ChunkMasks masks;
    for (size_t at = 0; at < text_.size() && !stopped_;) {
      const size_t bytes = std::min(kBatch, text_.size() - at);
      const size_t chunks = (bytes + ChunkMasks::kBytes - 1) / ChunkMasks::kBytes;
      kernels.masks(text_.data() + at, chunks, at > 0 && text_[at - 1] == '\r', dialect_.delimiter, dialect_.quote,
                    masks);
      again_ = kNowhere;
      for (size_t k = 0; k < chunks && !stopped_ && again_ == kNowhere; ++k)
        if (masks.quotes[k] == 0 || !regular_chunk(at + k * ChunkMasks::kBytes, masks, k))
          chunk(at + k * ChunkMasks::kBytes, masks.lines[k], masks.quotes[k]);
      at = again_ == kNowhere ? at + bytes : again_;
      if (at < text_.size() || !whole_ || stopped_) continue;
      if (quoted_) {  // to the end of the text
        give_up();
        at = again_;
      } else if (row_ < text_.size()) {
        end_row(text_.size());
      }
    }
    drop_unfinished();
    return std::min(row_, text_.size());
  }

 private:
  static constexpr size_t kNowhere = SIZE_MAX;

  bool is_edge(size_t at) const { return text_[at] == dialect_.delimiter || text_[at] == '\n' || text_[at] == '\r'; }

  // A chunk in which quotes only open and close cells needs no look at each of them. False where it is none: nothing was done.
  bool regular_chunk(size_t base, const ChunkMasks& masks, size_t k) {
    const size_t end = base + ChunkMasks::kBytes;
    if (dialect_.space || after_pair_ > base || (quoted_ && pairs_) || base < row_ || end >= text_.size() ||
        end - row_ > CsvDialect::kMostRowBytes)
      return false;
    const QuoteParity parity = quote_parity(masks, k, quoted_, base == row_ || is_edge(base - 1), is_edge(end));
    if (!parity.regular || parity.pairs) return false;
    if (parity.opens != 0) {
      cell_ = base + 64 - static_cast<size_t>(std::countl_zero(parity.opens));
      pairs_ = false;
    }
    quoted_ = parity.inside >> 63 != 0;
    for (uint64_t bits = masks.lines[k] & ~parity.inside; bits != 0; bits &= bits - 1) {
      const size_t at = base + static_cast<size_t>(std::countr_zero(bits));
      if (at >= row_) end_row(at);
    }
    return true;
  }

  void chunk(size_t base, uint64_t lines, uint64_t quotes) {
    if (text_.size() - base < ChunkMasks::kBytes) {
      const uint64_t inside = (uint64_t{1} << (text_.size() - base)) - 1;
      lines &= inside;
      quotes &= inside;
    }
    if (quotes == 0 && quoted_) {
      if (base - row_ > CsvDialect::kMostRowBytes) give_up();
      return;
    }
    for (uint64_t bits = lines | quotes; bits != 0 && !stopped_ && again_ == kNowhere; bits &= bits - 1) {
      const uint64_t bit = bits & (~bits + 1);
      const size_t at = base + static_cast<size_t>(std::countr_zero(bits));
      if ((quotes & bit) != 0) {
        on_quote(at);
      } else if (!quoted_ && at >= row_) {
        on_line(at);
      }
    }
  }

  void on_line(size_t at) {
    if (at + 1 == text_.size() && text_[at] == '\r' && !whole_) {  // is there an LF?
      stopped_ = true;
      return;
    }
    end_row(at);
  }

  void on_quote(size_t at) {
    if (at < after_pair_) return;
    if (!quoted_) {
      if (!opens_cell(text_.data(), row_, at, dialect_)) return;
      quoted_ = true;
      pairs_ = false;
      cell_ = at + 1;
      return;
    }
    if (at - row_ > CsvDialect::kMostRowBytes) return give_up();
    if (at + 1 == text_.size() && !whole_) {  // one of two?
      stopped_ = true;
      return;
    }
    if (at + 1 < text_.size() && text_[at + 1] == dialect_.quote) {
      after_pair_ = at + 2;
      pairs_ = true;
      return;
    }
    quoted_ = false;
    if (pairs_) out_.escaped.push_back({static_cast<uint32_t>(cell_), static_cast<uint32_t>(at)});
    if (at + 1 == text_.size()) return;
    const char next = text_[at + 1];
    if (next != dialect_.delimiter && next != '\n' && next != '\r') broken(BrokenQuote::kTextBehind);
  }

  void broken(BrokenQuote why) {
    const auto row = static_cast<uint32_t>(out_.size());
    if (out_.broken.empty() || out_.broken.back().row != row) out_.broken.push_back({row, why});
  }

  // The line in which the open row began is a bad row, and what follows it is looked at anew.
  void give_up() {
    const size_t line = text_.find_first_of("\r\n", row_);
    if (line == std::string_view::npos && !whole_) {
      stopped_ = true;
      return;
    }
    broken(BrokenQuote::kUnclosed);
    out_.broken.back().why = BrokenQuote::kUnclosed;
    quoted_ = false;
    after_pair_ = 0;
    end_row(line == std::string_view::npos ? text_.size() : line);
    again_ = std::min(row_, text_.size());
  }

  void end_row(size_t at) {
    if (at > row_) {
      out_.begin.push_back(static_cast<uint32_t>(row_));
      out_.end.push_back(static_cast<uint32_t>(at));
      if (!out_.broken.empty() && out_.broken.back().row + 1 == out_.size()) drop_escaped();
    }
    row_ = at + 1;
    if (row_ < text_.size() && text_[at] == '\r' && text_[row_] == '\n') ++row_;
  }

  void drop_escaped() {
    while (!out_.escaped.empty() && out_.escaped.back().begin >= row_) out_.escaped.pop_back();
  }

  // What was seen of a row that is left out.
  void drop_unfinished() {
    drop_escaped();
    if (!out_.broken.empty() && out_.broken.back().row == out_.size()) out_.broken.pop_back();
  }

  std::string_view text_;
  const CsvDialect& dialect_;
  const bool whole_;
  RowsFound& out_;
  size_t row_ = 0;         ///< where the row begins that is looked at
  bool quoted_ = false;    ///< inside of quotes
  bool pairs_ = false;     ///< the quoted cell holds two quotes for one
  size_t cell_ = 0;        ///< behind its opening quote
  size_t after_pair_ = 0;  ///< behind the last two quotes that stand for one
  bool stopped_ = false;   ///< at what only the next bytes can tell
  size_t again_ = kNowhere;
};

}  // namespace

void RowsFound::clear() {
  begin.clear();
  end.clear();
  broken.clear();
  escaped.clear();
}

bool opens_cell(const char* text, size_t row, size_t at, const CsvDialect& dialect) {
  if (dialect.space)
    while (at > row && text[at - 1] == ' ' && dialect.delimiter != ' ') --at;
  return at == row || text[at - 1] == dialect.delimiter;
}

size_t find_rows(std::string_view text, const CsvDialect& dialect, bool whole, RowsFound& out,
                 const ChunkKernels& kernels) {
  PENSTOCK_CHECK(text.size() < UINT32_MAX);
  out.clear();
  return RowFinder(text, dialect, whole, out).run(kernels);
}

uint64_t count_lines(std::string_view text, const ChunkKernels& kernels) {
  ChunkMasks masks;
  uint64_t count = 0;
  for (size_t at = 0; at < text.size(); at += kBatch) {
    const size_t bytes = std::min(kBatch, text.size() - at);
    const size_t chunks = (bytes + ChunkMasks::kBytes - 1) / ChunkMasks::kBytes;
    kernels.masks(text.data() + at, chunks, at > 0 && text[at - 1] == '\r', '\n', 0, masks);
    if (bytes % ChunkMasks::kBytes != 0) masks.lines[chunks - 1] &= (uint64_t{1} << bytes % ChunkMasks::kBytes) - 1;
    for (size_t k = 0; k < chunks; ++k) count += static_cast<uint64_t>(std::popcount(masks.lines[k]));
  }
  return count;
}

}  // namespace penstock::io
