// Rows of a table turned into rows of a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/table/table.h"
#include "stages/table/dictionary_codes.h"
#include "stages/table/fitted.h"
#include "stages/table/mean_map.h"
#include "stages/table/number_map.h"
#include "stages/table/stored_tile.h"
#include "stages/table/target.h"
#include "stages/table/vocabulary.h"

namespace penstock::table {

/// Where rows go: the first row of each field, rows one behind the other. Null: not wanted.
struct RowsOut {
  int32_t* cat = nullptr;    ///< (rows, C)
  float* cont = nullptr;     ///< (rows, D)
  float* target = nullptr;   ///< (rows)
  int64_t* label = nullptr;  ///< (rows)
};

struct EncoderOptions {
  /// The rows are those that the Fitted was made of: targets are clipped, and means of the target leave the row's own fold out.
  bool training = false;
  /// The table may lack the target: then it is NaN, or -1.
  bool needs_target = true;
};

/// A Fitted made ready for one table. Const members are thread-safe; each thread has a Scratch of its own.
///
/// By column over tiles of kEncodeTile rows, so that what is written by columns is still in the first cache when the next column comes to the same rows.
class Encoder {
 public:
  struct Scratch {
    io::TableBlock block;            ///< for whoever decodes
    std::vector<uint64_t> unknown;   ///< values that the vocabulary lacks, by column of `cat`; for whoever counts
    std::vector<uint64_t> infinite;  ///< values that count as missing for it, by number; for whoever counts
    std::vector<int32_t> codes;
    std::vector<float> numbers;
    std::vector<std::string_view> texts;
    std::vector<DictionaryCodes::Codes> held;
    std::vector<uint32_t> picked;    ///< rows of a piece
    io::ColumnBlock column;          ///< of a tile
    std::vector<io::BadRow> no_bad;  ///< stays empty
  };
  /// A row that holds no record, by its place in the block.
  using Refused = std::vector<std::pair<size_t, std::string>>;

  /// Throws what match_columns() throws. The Fitted must outlive it.
  Encoder(const Fitted& fitted, const io::TableSchema& schema, const std::string& where, EncoderOptions options = {});
  ~Encoder();

  /// Columns of the table that blocks hold, in the order in which encode() wants them.
  const std::vector<size_t>& columns() const { return columns_; }
  /// All rows of `block`, which are rows `rows` of the table. Row i goes to row places[i] of `out`; no places: to row i. Rows that are bad or have no target are named in
  /// `refused` (what `out` holds there means nothing).
  void encode(const io::TableBlock& block, std::span<const uint64_t> rows, std::span<const uint32_t> places,
              const RowsOut& out, Refused& refused, Scratch& scratch) const;
  /// The same of rows `tile` of columns() as they lie narrow in memory, without widening them into a block: texts' codes and integers go to their place in one step.
  /// For columns that takes() likes. Throws Error kData where a text's code stands for none.
  void encode(std::span<const io::StoredColumn> columns, const StoredTile& tile, std::span<const uint32_t> places,
              const RowsOut& out, Refused& refused, Scratch& scratch) const;
  /// Whether the other encode() can: not where means of the target are wanted or a file of others may hold what no row can.
  bool takes(std::span<const io::StoredColumn> columns) const;
  /// In memory: vocabularies, groups and knots. Codes of dictionaries come on top, 4 bytes a text.
  uint64_t bytes() const;
  /// What a Scratch takes at most for blocks of `rows` rows.
  uint64_t scratch_bytes(size_t rows) const;

 private:
  struct Category;
  struct Number;
  struct Frequency;
  struct Mean;

  template <class Categories, class Numbers>
  void by_tiles(size_t rows, std::span<const uint32_t> places, const RowsOut& out, Scratch& scratch,
                Categories&& categories, Numbers&& numbers) const;
  void encode_target(const io::ColumnBlock* column, size_t rows, std::span<const uint32_t> places, const RowsOut& out,
                     Refused& refused) const;
  void hold_dictionaries(const io::TableBlock& block, Scratch& scratch) const;
  void encode_categories(const io::TableBlock& block, size_t from, size_t count, int32_t* out, Scratch& scratch) const;
  void encode_category(size_t c, const io::ColumnBlock& column, size_t from, size_t count, int32_t* out, size_t stride,
                       uint64_t& unknown, Scratch& scratch) const;
  void encode_numbers(const io::TableBlock& block, std::span<const uint64_t> rows, size_t from, size_t count,
                      float* out, Scratch& scratch) const;

  void encode_category(size_t c, const io::StoredColumn& column, const StoredTile& tile, int32_t* out, size_t stride,
                       uint64_t& unknown, Scratch& scratch) const;
  void encode_numbers(std::span<const io::StoredColumn> columns, const StoredTile& tile, float* out,
                      Scratch& scratch) const;

  const Fitted& fitted_;
  EncoderOptions options_;
  TargetRule target_;
  bool has_target_ = true;
  size_t cat_width_, cont_width_;
  std::vector<size_t> columns_;
  std::vector<size_t> place_;  ///< of each of Fitted::source in a block
  std::vector<std::unique_ptr<Category>> categories_;
  std::vector<std::unique_ptr<Number>> numbers_;
  std::vector<std::unique_ptr<Frequency>> frequencies_;
  std::vector<std::unique_ptr<Mean>> means_;
};

}  // namespace penstock::table
