// All rows of a table, piece by piece in order: the next pieces are fetched while these are decoded on all cores.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/error.h"
#include "engine/run/cores.h"
#include "io/table/table.h"

namespace penstock {

struct WalkedPiece {
  uint64_t piece = 0;
  uint64_t first = 0;  ///< row of the table
  size_t rows = 0;
  std::shared_ptr<const io::RawRows> raw;  ///< what texts of `block` point into
  io::TableBlock block;                    ///< all columns
  std::optional<Error> fault;              ///< the piece is damaged (kData): there is nothing of it
};

struct TableWalkOptions {
  uint64_t limit = ~uint64_t{0};  ///< rows
  /// Of pieces in memory, about: those being fetched, those being decoded and those that the caller has. One piece at a time is the least.
  uint64_t memory_bytes = uint64_t{512} << 20;
};

/// One thread; the table and the cores must outlive it.
class TableWalk {
 public:
  TableWalk(const io::Table& table, Cores& cores, const TableWalkOptions& options = {});
  ~TableWalk();
  TableWalk(const TableWalk&) = delete;

  /// Some pieces, decoded; none at the end. Throws Error but kData.
  std::vector<WalkedPiece> next();

 private:
  std::vector<WalkedPiece> fetch_some();

  const io::Table& table_;
  Cores& cores_;
  const uint64_t rows_;
  const uint64_t group_bytes_;
  std::vector<size_t> columns_;
  uint64_t piece_ = 0;
  std::future<std::vector<WalkedPiece>> coming_;
};

}  // namespace penstock
