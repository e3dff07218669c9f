// Pieces laid aside until the whole table is known.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/file/file.h"
#include "io/table/stored_column.h"

namespace penstock::io {

/// A file that lost its name when it was made, so that nothing is left of it whatever happens. One thread.
class PieceSpool {
 public:
  struct Region {
    uint64_t offset = 0;
    uint64_t bytes = 0;
    Stored as = Stored::kI8;
    bool has_valid = false;
    bool is_coded = false;  ///< texts as codes
  };
  /// Makes `path` for a moment. `fs` must outlive it.
  PieceSpool(FileSystem& fs, const std::string& path);
  /// One column of the piece under way.
  void add(std::span<const std::byte> region, Stored as, bool has_valid, bool is_coded);
  void end_piece(uint64_t rows);

  size_t pieces() const { return rows_.size(); }
  uint64_t rows(size_t piece) const { return rows_[piece]; }
  const Region& region(size_t piece, size_t column) const;
  std::vector<std::byte> read(const Region& region) const;

 private:
  File file_;
  uint64_t end_ = 0;
  std::vector<Region> regions_;
  std::vector<size_t> firsts_ = {0};  ///< of each piece in regions_, and of the one under way
  std::vector<uint64_t> rows_;
};

}  // namespace penstock::io
