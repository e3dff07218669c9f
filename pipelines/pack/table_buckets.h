// The out-of-core shuffle of a table: rows scattered into packed files by where they are to stand, then each put in order in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/order/permutation.h"
#include "io/table/table.h"

namespace penstock {

/// Files in FOLDER, which is made anew and removed at the end. One thread.
class TableBuckets {
 public:
  /// For `rows` rows of `schema` that take `bytes` bytes in memory, about: as many files as it takes for one to fit in memory_bytes.
  TableBuckets(io::FileSystem& fs, std::string folder, const io::TableSchema& schema, uint64_t rows, uint64_t bytes,
               uint64_t memory_bytes, uint64_t seed);
  /// Rows that follow those added before; bad ones are left out and their places with them.
  void add(const io::TableBlock& block);
  /// Hands all rows to `out` in their order, some thousands at a time, and removes the folder.
  void give(io::ColumnsWriter& out);

 private:
  std::string path_of(uint64_t bucket) const;
  void give(uint64_t bucket, io::ColumnsWriter& out) const;

  io::FileSystem& fs_;
  const std::string folder_;
  const Permutation places_;
  uint64_t stretch_ = 1;
  uint64_t row_ = 0;
  std::vector<std::unique_ptr<io::ColumnsWriter>> files_;
};

}  // namespace penstock
