// What an Encoder holds of each column, for its two ways in: blocks (encoder.cc) and columns that lie narrow (encode_stored.cc).
#pragma once

#include <algorithm>
#include <cstring>

#include "stages/table/encoder.h"

namespace penstock::table {

/// Rows that are made column by column before the next ones are: what they take stays in the first cache.
inline constexpr size_t kEncodeTile = 128;

struct Encoder::Category {
  Category(const CategoryFit& fit, io::ColumnType type, size_t place)
      : vocabulary(fit, type), dictionaries(vocabulary), place(place) {}
  Vocabulary vocabulary;
  DictionaryCodes dictionaries;
  size_t place;
};
struct Encoder::Number {
  Number(const NumberFit& fit, io::ColumnType type, size_t place) : map(fit, type), place(place) {}
  NumberMap map;
  size_t place;
  size_t indicator = 0;  ///< its place in a row of `cont`; 0: none
};
struct Encoder::Frequency {
  size_t category = 0;
  std::vector<float> by_code;
};
struct Encoder::Mean {
  explicit Mean(const MeanFit& fit) : map(fit) {}
  MeanMap map;
  std::vector<size_t> places;
};

/// Calls categories(from, count, out) and numbers(from, count, out) for tiles of `rows` rows; moves what they made to `places`, where there are any.
template <class Categories, class Numbers>
void Encoder::by_tiles(size_t rows, std::span<const uint32_t> places, const RowsOut& out, Scratch& scratch,
                       Categories&& categories, Numbers&& numbers) const {
  const auto fill = [&](size_t from, size_t count, auto* base, size_t width, auto& aside, auto& make) {
    if (base == nullptr || width == 0) return;
    auto* to = base + from * width;
    if (!places.empty()) {
      aside.resize(kEncodeTile * width);
      to = aside.data();
    }
    make(from, count, to);
    if (places.empty()) return;
    for (size_t i = 0; i < count; ++i)
      std::memcpy(base + places[from + i] * width, to + i * width, width * sizeof(*to));
  };
  for (size_t from = 0; from < rows; from += kEncodeTile) {
    const size_t count = std::min(kEncodeTile, rows - from);
    fill(from, count, out.cat, cat_width_, scratch.codes, categories);
    fill(from, count, out.cont, cont_width_, scratch.numbers, numbers);
  }
}

}  // namespace penstock::table
