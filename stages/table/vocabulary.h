// From the value of a cell to its code.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/table/table_block.h"
#include "stages/table/fitted.h"
#include "stages/table/remainder.h"

namespace penstock::table {

/// The codes of one column of categories, made for speed: an open-addressing table at most half full, 16 bytes a slot. Texts of up to 8 bytes *are* their slot's key, so
/// that finding them touches one cache line; longer ones are compared once. Integers of a small range are a plain array. Immutable; any thread.
class Vocabulary {
 public:
  Vocabulary(const CategoryFit& fit, io::ColumnType type);

  /// 0: not known. For text columns.
  int32_t of_text(std::string_view text) const;
  /// For all others: the integer, or the bits of the real.
  int32_t of_int(int64_t value) const;
  /// out[i * stride] of every row i that is not missing (those get 0); counts those that are not known.
  void encode(const io::ColumnBlock& column, size_t from, size_t count, int32_t* out, size_t stride,
              uint64_t& unknown) const;
  /// The code of each text of a dictionary.
  std::vector<int32_t> of_dictionary(const std::vector<std::string>& dictionary) const;
  uint64_t bytes() const;

 private:
  struct Slot {
    uint64_t key = 0;   ///< the word of a text up to 8 bytes, the hash of a longer one; the integer
    uint32_t size = 0;  ///< of the text
    int32_t code = 0;   ///< 0: free
  };
  void insert(uint64_t key, uint64_t hash, uint32_t size, int32_t code);
  void add_text(std::string_view text, int32_t code);
  void make_dense();
  int32_t find(std::string_view text, uint64_t key, uint64_t hash) const;
  void hash_texts(std::span<const std::string_view> texts, const uint8_t* missing, int32_t* out, size_t stride) const;
  void encode_texts(std::span<const std::string_view> texts, const uint8_t* missing, int32_t* out, size_t stride,
                    uint64_t& unknown) const;

  uint64_t buckets_ = 0, seed_ = 0;
  Remainder in_buckets_;
  io::ColumnType type_;
  std::vector<Slot> slots_;
  uint64_t mask_ = 0;
  std::vector<std::string_view> long_texts_;  ///< by code - 1, in arena_; "" where short
  std::string arena_;
  int64_t low_ = 0;             ///< of dense_
  std::vector<int32_t> dense_;  ///< codes of low_, low_ + 1, ...; empty where the range is wide
};

}  // namespace penstock::table
