#include "io/table/stored_column.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

// Places of rows: a range, which compilers turn into wide loads, or a list.
struct Range {
  size_t first, n;
  size_t count() const { return n; }
  size_t operator()(size_t i) const { return first + i; }
};
struct Picked {
  size_t first;
  std::span<const uint32_t> rows;
  size_t count() const { return rows.size(); }
  size_t operator()(size_t i) const { return first + rows[i]; }
};

inline uint8_t bit(const uint8_t* bits, size_t at) { return (bits[at >> 3] >> (at & 7)) & 1; }

// Eight bits as eight bytes 0 or 1: each bit is moved into the byte of its own number.
inline uint64_t spread(uint8_t bits) {
  return (((bits & 0x7fULL) * 0x0002040810204081ULL) & 0x0001010101010101ULL) | (uint64_t{bits} >> 7 << 56);
}

// `flip` 1 turns "is there" into "is missing". Gives whether any byte written is 1.
bool expand(const uint8_t* bits, Range at, uint8_t flip, uint8_t* out) {
  size_t i = 0;
  uint64_t seen = 0;
  for (; i < at.n && ((at.first + i) & 7) != 0; ++i) seen |= out[i] = bit(bits, at(i)) ^ flip;
  const uint64_t flips = flip * 0x0101010101010101ULL;
  for (; i + 8 <= at.n; i += 8) {
    const uint64_t eight = spread(bits[at(i) >> 3]) ^ flips;
    std::memcpy(out + i, &eight, 8);
    seen |= eight;
  }
  for (; i < at.n; ++i) seen |= out[i] = bit(bits, at(i)) ^ flip;
  return seen != 0;
}
bool expand(const uint8_t* bits, const Picked& at, uint8_t flip, uint8_t* out) {
  uint8_t seen = 0;
  for (size_t i = 0; i < at.count(); ++i) seen |= out[i] = bit(bits, at(i)) ^ flip;
  return seen != 0;
}

template <class Places>
void take_missing(const StoredColumn& column, const Places& at, ColumnBlock& out) {
  if (column.valid == nullptr || at.count() == 0) {
    out.missing.clear();
    return;
  }
  out.missing.resize(at.count());
  if (!expand(column.valid, at, 1, out.missing.data())) out.missing.clear();
}

template <class T, class Wide, class Places>
void widen(const std::byte* values, const Places& at, std::vector<Wide>& out) {
  out.resize(at.count());
  const T* const from = reinterpret_cast<const T*>(values);
  Wide* const into = out.data();
  for (size_t i = 0, n = at.count(); i < n; ++i) into[i] = static_cast<Wide>(from[at(i)]);
}

template <class Wide, class Places>
void widen_any(const StoredColumn& column, const Places& at, std::vector<Wide>& out) {
  switch (column.as) {
    case Stored::kI8: return widen<int8_t>(column.values, at, out);
    case Stored::kI16: return widen<int16_t>(column.values, at, out);
    case Stored::kI32: return widen<int32_t>(column.values, at, out);
    case Stored::kI64: return widen<int64_t>(column.values, at, out);
    case Stored::kU8: return widen<uint8_t>(column.values, at, out);
    case Stored::kU16: return widen<uint16_t>(column.values, at, out);
    case Stored::kU32: return widen<uint32_t>(column.values, at, out);
    case Stored::kU64: return widen<uint64_t>(column.values, at, out);
    case Stored::kF32: return widen<float>(column.values, at, out);
    case Stored::kF64: return widen<double>(column.values, at, out);
    case Stored::kBits:
    case Stored::kText32:
    case Stored::kText64: break;
  }
  PENSTOCK_CHECK(false && "no numbers");
}

template <class Wide>
void zero_missing(const ColumnBlock& out, std::vector<Wide>& values, Wide instead) {
  for (size_t i = 0; i < out.missing.size(); ++i) values[i] = out.missing[i] != 0 ? instead : values[i];
}

void mark_nans(ColumnBlock& out) {
  for (size_t i = 0; i < out.reals.size(); ++i) {
    if (!std::isnan(out.reals[i]) || out.is_missing(i)) continue;
    out.missing.resize(out.reals.size());
    out.missing[i] = 1;
  }
}

void name_bad(std::vector<BadRow>& bad, size_t row, std::string reason) {
  const auto at = std::ranges::lower_bound(bad, row, {}, &BadRow::row);
  if (at == bad.end() || at->row != row) bad.insert(at, {row, std::move(reason)});
}

template <class Places>
void take_ints(const StoredColumn& column, const Places& at, ColumnBlock& out, std::vector<BadRow>& bad) {
  if (column.as == Stored::kBits) {
    thread_local std::vector<uint8_t> bytes;
    bytes.resize(at.count());
    expand(reinterpret_cast<const uint8_t*>(column.values), at, 0, bytes.data());
    widen<uint8_t>(reinterpret_cast<const std::byte*>(bytes.data()), Range{0, bytes.size()}, out.ints);
  } else {
    widen_any(column, at, out.ints);
  }
  if (column.divide != 1) {
    for (int64_t& value : out.ints) value = value / column.divide - (value % column.divide < 0 ? 1 : 0);
  }
  if (column.is_foreign) zero_missing(out, out.ints, int64_t{0});
  if (column.as != Stored::kU64) return;
  for (size_t i = 0; i < out.ints.size(); ++i) {
    if (out.ints[i] < 0)
      name_bad(bad, i, "the number " + std::to_string(static_cast<uint64_t>(out.ints[i])) + " needs more than 63 bits");
  }
}

template <class Offset, class Places>
void take_texts(const StoredColumn& column, const Places& at, ColumnBlock& out) {
  out.texts.resize(at.count());
  const auto* const offsets = reinterpret_cast<const Offset*>(column.offsets);
  const auto* const text = reinterpret_cast<const char*>(column.values);
  for (size_t i = 0, n = at.count(); i < n; ++i) {
    const size_t row = at(i);
    out.texts[i] = {text + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }
  if (column.is_foreign) zero_missing(out, out.texts, std::string_view());
}

template <class Places>
void take_words(const StoredColumn& column, const Places& at, ColumnBlock& out) {
  widen_any(column, at, out.codes);
  if (column.is_foreign) zero_missing(out, out.codes, uint32_t{0});
  uint32_t most = 0;
  for (const uint32_t code : out.codes) most = std::max(most, code);
  const size_t known = column.dictionary ? column.dictionary->size() : column.words->size();
  if (!out.codes.empty() && most >= known && (column.dictionary || most > 0))
    throw Error(Code::kData, "a text has the number " + std::to_string(most) + ", and the file lists " +
                                 std::to_string(known) + " texts")
        .hint("the file is damaged or was written by a program that is: make it anew");
  if (column.dictionary) return;
  out.texts.resize(out.codes.size());
  for (size_t i = 0; i < out.codes.size(); ++i)
    out.texts[i] = out.is_missing(i) || known == 0 ? std::string_view() : (*column.words)[out.codes[i]];
  out.codes.clear();
}

template <class Places>
void decode_at(const StoredColumn& column, const Places& at, ColumnBlock& out, std::vector<BadRow>& bad) {
  out.type = column.type;
  out.dictionary = column.dictionary;
  take_missing(column, at, out);
  const bool is_text = column.type == ColumnType::kText, is_real = column.type == ColumnType::kReal;
  if (is_text || is_real) out.ints.clear();
  if (!is_real) out.reals.clear();
  if (!is_text || column.dictionary) out.texts.clear();
  if (!is_text || !column.dictionary) out.codes.clear();
  if (is_real) {
    widen_any(column, at, out.reals);
    if (column.is_foreign) {
      zero_missing(out, out.reals, std::numeric_limits<double>::quiet_NaN());
      mark_nans(out);
    }
  } else if (!is_text) {
    take_ints(column, at, out, bad);
  } else if (column.as == Stored::kText32) {
    take_texts<int32_t>(column, at, out);
  } else if (column.as == Stored::kText64) {
    take_texts<int64_t>(column, at, out);
  } else {
    take_words(column, at, out);
  }
}

}  // namespace

size_t width_of(Stored as) {
  switch (as) {
    case Stored::kI8:
    case Stored::kU8: return 1;
    case Stored::kI16:
    case Stored::kU16: return 2;
    case Stored::kI32:
    case Stored::kU32:
    case Stored::kF32: return 4;
    case Stored::kI64:
    case Stored::kU64:
    case Stored::kF64: return 8;
    case Stored::kBits:
    case Stored::kText32:
    case Stored::kText64: break;
  }
  return 0;
}

void decode(const StoredColumn& column, size_t from, size_t count, ColumnBlock& out, std::vector<BadRow>& bad) {
  PENSTOCK_CHECK(from + count <= column.rows);
  decode_at(column, Range{column.first + from, count}, out, bad);
}

void decode(const StoredColumn& column, std::span<const uint32_t> rows, ColumnBlock& out, std::vector<BadRow>& bad) {
  uint32_t most = 0;
  for (const uint32_t row : rows) most = std::max(most, row);
  PENSTOCK_CHECK(rows.empty() || most < column.rows);
  decode_at(column, Picked{column.first, rows}, out, bad);
}

}  // namespace penstock::io
