// Encoding of columns that lie narrow in memory: what is looked up by an integer (texts' codes, counts) is read once, at its own width, and written where it belongs.
#include <algorithm>
#include <type_traits>

#include "engine/base/error.h"
#include "stages/table/encoder_columns.h"

namespace penstock::table {
namespace {

using io::ColumnType;
using io::Stored;
using io::StoredColumn;

/// Widens the tile into scratch.column.
void widen(const StoredColumn& column, const StoredTile& tile, Encoder::Scratch& scratch) {
  if (tile.picked.empty())
    io::decode(column, tile.first, tile.count, scratch.column, scratch.no_bad);
  else
    io::decode(column, tile.picked, scratch.column, scratch.no_bad);
}

/// out[i * stride] = known[code of row i], 0 where the text is missing; gives how many others are 0.
uint64_t look_up(const StoredColumn& column, const StoredTile& tile, std::span<const int32_t> known, int32_t* out,
                 size_t stride) {
  uint64_t zeros = 0;
  const bool are_codes = with_ints(column, tile, [&](const auto* values, auto place) {
    using T = std::remove_cvref_t<decltype(*values)>;
    T least = 0, most = 0;
    for (size_t i = 0; i < tile.count; ++i) {
      least = std::min(least, values[place(i)]);
      most = std::max(most, values[place(i)]);
      if constexpr (sizeof(T) >= 4)
        __builtin_prefetch(known.data() + static_cast<std::make_unsigned_t<T>>(values[place(i)]));
    }
    if (least < 0 || static_cast<uint64_t>(most) >= known.size())
      throw Error(Code::kData, "a text has the number " + std::to_string(least < 0 ? least : most) +
                                   ", and the file lists " + std::to_string(known.size()) + " texts")
          .hint("the file is damaged or was written by a program that is: make it anew");
    for (size_t i = 0; i < tile.count; ++i) {
      const int32_t code = known[static_cast<size_t>(values[place(i)])];
      zeros += code == 0 ? 1 : 0;
      out[i * stride] = code;
    }
  });
  PENSTOCK_CHECK(are_codes);
  each_missing(column, tile, [&](size_t i) {
    zeros -= out[i * stride] == 0 ? 1 : 0;
    out[i * stride] = 0;
  });
  return zeros;
}

}  // namespace

bool Encoder::takes(std::span<const StoredColumn> columns) const {
  return means_.empty() && columns.size() == columns_.size() &&
         std::ranges::none_of(columns, [](const StoredColumn& column) {
           return column.is_foreign || column.divide != 1 || column.as == Stored::kU64 || column.words != nullptr;
         });
}

void Encoder::encode(std::span<const StoredColumn> columns, const StoredTile& tile, std::span<const uint32_t> places,
                     const RowsOut& out, Refused& refused, Scratch& scratch) const {
  if (has_target_) widen(columns[place_[fitted_.target.source]], tile, scratch);
  encode_target(has_target_ ? &scratch.column : nullptr, tile.count, places, out, refused);
  scratch.unknown.resize(cat_width_);
  scratch.infinite.resize(numbers_.size());
  scratch.held.resize(categories_.size());
  for (size_t c = 0; c < categories_.size(); ++c) {
    const Dictionary& dictionary = columns[categories_[c]->place].dictionary;
    scratch.held[c] = dictionary ? categories_[c]->dictionaries.of(dictionary, tile.count) : nullptr;
  }
  by_tiles(
      tile.count, places, out, scratch,
      [&](size_t from, size_t count, int32_t* to) {
        for (size_t c = 0; c < cat_width_; ++c)
          encode_category(c, columns[categories_[c]->place], tile.part(from, count), to + c, cat_width_,
                          scratch.unknown[c], scratch);
      },
      [&](size_t from, size_t count, float* to) { encode_numbers(columns, tile.part(from, count), to, scratch); });
}

void Encoder::encode_category(size_t c, const StoredColumn& column, const StoredTile& tile, int32_t* out, size_t stride,
                              uint64_t& unknown, Scratch& scratch) const {
  if (scratch.held[c] && column.as <= Stored::kI64) {
    unknown += look_up(column, tile, *scratch.held[c], out, stride);
    return;
  }
  widen(column, tile, scratch);
  encode_category(c, scratch.column, 0, tile.count, out, stride, unknown, scratch);
}

void Encoder::encode_numbers(std::span<const StoredColumn> columns, const StoredTile& tile, float* out,
                             Scratch& scratch) const {
  for (size_t n = 0; n < numbers_.size(); ++n) {
    const Number& number = *numbers_[n];
    const StoredColumn& column = columns[number.place];
    float* indicator = number.indicator > 0 ? out + number.indicator : nullptr;
    if (number.map.encode(column, tile, out + n, indicator, cont_width_)) continue;
    widen(column, tile, scratch);
    scratch.infinite[n] += number.map.encode(scratch.column, 0, tile.count, out + n, indicator, cont_width_);
  }
  size_t next = cont_width_ - frequencies_.size();
  for (const auto& frequency : frequencies_) {
    int32_t codes[kEncodeTile];
    uint64_t unknown = 0;
    encode_category(frequency->category, columns[categories_[frequency->category]->place], tile, codes, 1, unknown,
                    scratch);
    for (size_t i = 0; i < tile.count; ++i)
      out[i * cont_width_ + next] = frequency->by_code[static_cast<size_t>(codes[i])];
    ++next;
  }
}

}  // namespace penstock::table
