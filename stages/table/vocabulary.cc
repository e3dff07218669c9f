#include "stages/table/vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "io/file/checksum.h"
#include "stages/table/text_hash.h"

namespace penstock::table {
namespace {

using io::ColumnType;

/// Texts whose slots are asked for before the first of them is looked at: enough to hide a miss of the last cache.
constexpr size_t kAhead = 64;
/// A dense array is worth it up to so many places for each value.
constexpr uint64_t kDensePlaces = 16;

int64_t bits_of(const std::string& text, ColumnType type) {
  if (type == ColumnType::kBool) return text == "true" ? 1 : 0;
  if (type == ColumnType::kReal) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::bit_cast<int64_t>(value + 0.0);
  }
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Vocabulary::Vocabulary(const CategoryFit& fit, ColumnType type)
    : buckets_(fit.buckets), seed_(fit.seed), in_buckets_(std::max<uint64_t>(1, fit.buckets)), type_(type) {
  if (buckets_ > 0) return;
  slots_.resize(std::bit_ceil(std::max<size_t>(16, 2 * fit.values.size())));
  mask_ = slots_.size() - 1;
  size_t bytes = 0;
  for (const CountedValue& value : fit.values) bytes += value.text.size() > 8 ? value.text.size() : 0;
  arena_.reserve(bytes);  // never moved: views point into it
  long_texts_.resize(fit.values.size());
  for (size_t i = 0; i < fit.values.size(); ++i) {
    const auto code = static_cast<int32_t>(i + 1);
    if (type == ColumnType::kText) {
      add_text(fit.values[i].text, code);
    } else {
      const int64_t value = bits_of(fit.values[i].text, type);
      insert(static_cast<uint64_t>(value), hash_int(value), 8, code);
    }
  }
  if (type != ColumnType::kText && type != ColumnType::kReal && !fit.values.empty()) make_dense();
}

void Vocabulary::add_text(std::string_view text, int32_t code) {
  const auto size = static_cast<uint32_t>(text.size());
  if (size <= 8) {
    const uint64_t word = short_word(text.data(), size);
    insert(word, hash_word(word, size), size, code);
    return;
  }
  const size_t at = arena_.size();
  arena_ += text;
  long_texts_[static_cast<size_t>(code - 1)] = std::string_view(arena_).substr(at, size);
  const uint64_t hash = hash_text(text);
  insert(hash, hash, size, code);
}

void Vocabulary::insert(uint64_t key, uint64_t hash, uint32_t size, int32_t code) {
  uint64_t slot = hash & mask_;
  while (slots_[slot].code != 0) slot = (slot + 1) & mask_;
  slots_[slot] = {key, size, code};
}

void Vocabulary::make_dense() {
  int64_t low = INT64_MAX, high = INT64_MIN;
  size_t values = 0;
  for (const Slot& slot : slots_) {
    if (slot.code == 0) continue;
    low = std::min(low, static_cast<int64_t>(slot.key));
    high = std::max(high, static_cast<int64_t>(slot.key));
    ++values;
  }
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  if (range >= kDensePlaces * values + 1024) return;
  low_ = low;
  dense_.assign(range + 1, 0);
  for (const Slot& slot : slots_)
    if (slot.code != 0) dense_[slot.key - static_cast<uint64_t>(low)] = slot.code;
}

inline int32_t Vocabulary::find(std::string_view text, uint64_t key, uint64_t hash) const {
  const auto size = static_cast<uint32_t>(text.size());
  for (uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
    const Slot& slot = slots_[at];
    if (slot.code == 0) return 0;
    if (slot.key == key && slot.size == size && (size <= 8 || long_texts_[static_cast<size_t>(slot.code - 1)] == text))
      return slot.code;
  }
}

int32_t Vocabulary::of_text(std::string_view text) const {
  if (buckets_ > 0) return static_cast<int32_t>(1 + io::checksum(text, seed_) % buckets_);
  if (text.size() > 8) {
    const uint64_t hash = hash_text(text);
    return find(text, hash, hash);
  }
  const uint64_t word = short_word(text.data(), text.size());
  return find(text, word, hash_word(word, text.size()));
}

int32_t Vocabulary::of_int(int64_t value) const {
  if (buckets_ > 0) {
    if (type_ == ColumnType::kBool) return of_text(value != 0 ? "true" : "false");  // as cell_text() spells it
    char room[32];
    const auto end = type_ == ColumnType::kReal ? std::to_chars(room, room + 32, std::bit_cast<double>(value)).ptr
                                                : std::to_chars(room, room + 32, value).ptr;
    return static_cast<int32_t>(1 + io::checksum(std::string_view(room, end), seed_) % buckets_);
  }
  if (!dense_.empty()) {
    const uint64_t at = static_cast<uint64_t>(value) - static_cast<uint64_t>(low_);
    return at < dense_.size() ? dense_[at] : 0;
  }
  const auto key = static_cast<uint64_t>(value);
  for (uint64_t at = hash_int(value) & mask_;; at = (at + 1) & mask_) {
    if (slots_[at].code == 0) return 0;
    if (slots_[at].key == key) return slots_[at].code;
  }
}

void Vocabulary::encode_texts(std::span<const std::string_view> texts, const uint8_t* missing, int32_t* out,
                              size_t stride, uint64_t& unknown) const {
  std::array<uint64_t, kAhead> keys, hashes;
  for (size_t from = 0; from < texts.size(); from += kAhead) {
    const size_t count = std::min(kAhead, texts.size() - from);
    for (size_t i = 0; i < count; ++i) {
      const std::string_view text = texts[from + i];
      if (text.size() <= 8) {
        keys[i] = short_word(text.data(), text.size());
        hashes[i] = hash_word(keys[i], text.size());
      } else {
        keys[i] = hashes[i] = hash_text(text);
      }
      __builtin_prefetch(&slots_[hashes[i] & mask_]);
    }
    for (size_t i = 0; i < count; ++i) {
      int32_t code = 0;
      if (missing == nullptr || missing[from + i] == 0) {
        code = find(texts[from + i], keys[i], hashes[i]);
        unknown += code == 0 ? 1 : 0;
      }
      out[(from + i) * stride] = code;
    }
  }
}

void Vocabulary::hash_texts(std::span<const std::string_view> texts, const uint8_t* missing, int32_t* out,
                            size_t stride) const {
  std::array<uint64_t, kAhead> hashes;
  for (size_t from = 0; from < texts.size(); from += kAhead) {
    const size_t count = std::min(kAhead, texts.size() - from);
    io::checksums(texts.subspan(from, count), seed_, hashes.data());
    for (size_t i = 0; i < count; ++i)
      out[(from + i) * stride] =
          missing != nullptr && missing[from + i] != 0 ? 0 : static_cast<int32_t>(1 + in_buckets_.of(hashes[i]));
  }
}

void Vocabulary::encode(const io::ColumnBlock& column, size_t from, size_t count, int32_t* out, size_t stride,
                        uint64_t& unknown) const {
  const uint8_t* missing = column.missing.empty() ? nullptr : column.missing.data() + from;
  if (type_ == ColumnType::kText) {
    const std::span<const std::string_view> texts = std::span(column.texts).subspan(from, count);
    return buckets_ > 0 ? hash_texts(texts, missing, out, stride) : encode_texts(texts, missing, out, stride, unknown);
  }
  for (size_t i = 0; i < count; ++i) {
    int32_t code = 0;
    if (missing == nullptr || missing[i] == 0) {
      if (type_ == ColumnType::kReal)
        code = of_int(std::bit_cast<int64_t>(column.reals[from + i] + 0.0));
      else
        code = of_int(column.ints[from + i]);
      unknown += code == 0 ? 1 : 0;
    }
    out[i * stride] = code;
  }
}

std::vector<int32_t> Vocabulary::of_dictionary(const std::vector<std::string>& dictionary) const {
  std::vector<int32_t> out(dictionary.size());
  for (size_t i = 0; i < dictionary.size(); ++i) out[i] = of_text(dictionary[i]);
  return out;
}

uint64_t Vocabulary::bytes() const {
  return slots_.size() * sizeof(Slot) + long_texts_.size() * sizeof(std::string_view) + arena_.size() +
         dense_.size() * sizeof(int32_t);
}

}  // namespace penstock::table
