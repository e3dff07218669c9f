// A table that is small enough to lie in memory, found by key.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stages/table/prepare/row_steps.h"

namespace penstock::table {

/// "State = land": a column of the table and one of the file; or one name for both.
struct KeyPair {
  std::string left, right;
};
KeyPair key_pair(const std::string& on);

/// All rows of one file, or of several with the same columns; texts as places in a dictionary. Const members are thread-safe.
class SmallTable {
 public:
  /// Reads it whole and does `params.steps` to it. Takes its memory out of world.join_bytes_left; adds to world.notes. Throws Error kUsage where no file is there or files
  /// differ in their columns, kMemory where it does not fit, and what reading throws.
  SmallTable(const JoinParams& params, const std::string& title, StepWorld& world);

  const Columns& columns() const { return columns_; }
  const io::ColumnBlock& column(size_t i) const { return frame_.columns[i]; }
  size_t rows() const { return frame_.rows; }
  bool dropped(size_t row) const { return frame_.dropped[row] != 0; }

 private:
  void append(const std::string& path, const std::string& source, const std::string& title, StepWorld& world);
  void require_same(const std::vector<io::ColumnSpec>& specs, const std::string& path, const std::string& title);
  void append_block(const io::TableBlock& block, const std::string* source);
  void charge(const std::string& title, StepWorld& world);
  void keep_texts();

  using Words = std::unordered_map<std::string, uint32_t>;
  Columns columns_;
  Frame frame_;
  std::vector<Words> words_;  ///< of each text column
  std::vector<std::shared_ptr<std::vector<std::string>>> dictionaries_;
  uint64_t word_bytes_ = 0, charged_ = 0;
  std::vector<std::string> wanted_;  ///< columns that are read; empty: all
  std::string source_column_;
  std::string first_path_;
};

/// Adds what tells the value of a column in `row` from all others of its type; nothing else may be told apart.
void add_key(const io::ColumnBlock& column, size_t row, std::string& key);

}  // namespace penstock::table
