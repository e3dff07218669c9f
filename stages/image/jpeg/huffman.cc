#include "stages/image/jpeg/huffman.h"

#include <algorithm>

namespace penstock::image {
namespace {

constexpr int kMaxCode = 16;
constexpr int kMaxAcSize = 10;  // of 8-bit pictures
constexpr int kMaxDcSize = 11;

// Calls `f(code, length, symbol)` for each code, rising.
template <class F>
void each_code(const HuffmanSpec& spec, F f) {
  std::uint32_t code = 0;
  std::size_t at = 0;
  for (int length = 1; length <= kMaxCode; ++length, code <<= 1)
    for (int i = 0; i < spec.counts[length - 1]; ++i) f(code++, length, spec.symbols[at++]);
}

}  // namespace

bool LongCodes::make(const HuffmanSpec& spec) {
  std::int32_t code = 0, at = 0;
  for (int length = 1; length <= kMaxCode; ++length) {
    const int count = spec.counts[length - 1];
    index_[length] = at - code;
    code += count;
    at += count;
    if (count > 0 && code >= 1 << length) return false;  // no code is all ones (T.81, C.2)
    if (code > 1 << length || at > 256) return false;
    first_behind_[length] = code << (kMaxCode - length);
    code <<= 1;
  }
  if (static_cast<std::size_t>(at) > spec.symbols.size()) return false;
  std::copy_n(spec.symbols.begin(), at, symbols_.begin());
  return true;
}

LongCodes::Found LongCodes::find(std::uint32_t window, int shortest) const {
  for (int length = shortest; length <= kMaxCode; ++length)
    if (static_cast<std::int32_t>(window) < first_behind_[length])
      return {length, symbols_[static_cast<std::size_t>((window >> (kMaxCode - length)) + index_[length]) & 255]};
  return {};
}

std::uint32_t AcTable::long_entry(std::uint32_t window) const {
  const LongCodes::Found found = codes.find(window, kAcBits + 1);
  return found.length == 0 ? kNoCode << 8 : entry_of(found.length, found.symbol);
}

bool AcTable::is_made_of(const HuffmanSpec& spec) const {
  return symbol_count_ != 0 && std::equal(counts_.begin(), counts_.end(), spec.counts.begin()) &&
         spec.symbols.size() >= symbol_count_ &&
         std::equal(symbols_.begin(), symbols_.begin() + symbol_count_, spec.symbols.begin());
}

bool AcTable::make(const HuffmanSpec& spec) {
  if (is_made_of(spec)) return true;
  symbol_count_ = 0;
  if (!codes.make(spec)) return false;
  // One step of a kSkipBits window: bits (code and value), advance, end; all zero where code or value do not fit.
  steps.fill(0);
  entries.fill(0);
  bool sound = true;
  std::size_t total = 0;
  each_code(spec, [&](std::uint32_t code, int length, int symbol) {
    ++total;
    const int run = symbol >> 4, size = symbol & 15;
    if (size > kMaxAcSize || (size == 0 && run != 0 && run != 15)) sound = false;
    if (!sound) return;
    const bool ends = symbol == 0;
    const int bits = length + size;
    if (bits <= kSkipBits) {
      const std::uint32_t step = static_cast<std::uint32_t>(bits | (run + 1) << 4 | (ends ? 0x8000 : 0));
      const std::uint32_t first = code << (kSkipBits - length);
      std::fill_n(steps.begin() + first, std::size_t{1} << (kSkipBits - length), static_cast<std::uint16_t>(step));
    }
    if (length > kAcBits) return;
    std::fill_n(entries.begin() + (code << (kAcBits - length)), std::size_t{1} << (kAcBits - length),
                entry_of(length, symbol));
  });
  if (!sound) return false;
  // As many steps as a window holds become one, from the back: what follows in a window lies in a smaller window's table,
  // which is the same table filled up with zeros, so single steps are kept aside.
  single_ = steps;
  constexpr std::uint32_t kMask = (1u << kSkipBits) - 1;
  for (std::uint32_t window = 0; window <= kMask; ++window) {
    std::uint32_t step = single_[window];
    if (step == 0) continue;
    int bits = step & 15;
    std::uint32_t advance = step >> 4 & 0x7FF;
    bool ends = (step & 0x8000) != 0;
    while (!ends && bits < kSkipBits) {
      const std::uint32_t next = single_[window << bits & kMask];
      const int more = next & 15;
      if (next == 0 || bits + more > kSkipBits) break;
      bits += more;
      advance += next >> 4 & 0x7FF;
      ends = (next & 0x8000) != 0;
    }
    steps[window] = static_cast<std::uint16_t>(bits | advance << 4 | (ends ? 0x8000 : 0));
  }
  std::copy_n(spec.counts.begin(), 16, counts_.begin());
  std::copy_n(spec.symbols.begin(), total, symbols_.begin());
  symbol_count_ = total;
  return true;
}

bool DcTable::make(const HuffmanSpec& spec) {
  if (!codes.make(spec)) return false;
  entries.fill(0);
  bool sound = true;
  each_code(spec, [&](std::uint32_t code, int length, int symbol) {
    if (symbol > kMaxDcSize) sound = false;
    if (!sound || length > kDcBits) return;
    std::fill_n(entries.begin() + (code << (kDcBits - length)), std::size_t{1} << (kDcBits - length),
                static_cast<std::uint16_t>(length | symbol << 8));
  });
  return sound;
}

}  // namespace penstock::image
