// The rows of one piece as they go into batches: encoded once, then copied wherever the order wants them.
#pragma once

#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/memory/budget.h"
#include "stages/table/encoded_table.h"

namespace penstock::table {

/// Memory for the rows of one piece, used again from piece to piece.
struct EncodedRows {
  std::vector<int32_t> cat;    ///< (records, C)
  std::vector<float> cont;     ///< (records, D)
  std::vector<float> target;   ///< (records)
  std::vector<int64_t> label;  ///< (records)
};

/// A shuffled order asks for single rows of a piece, and encoding them one by one costs ten times what it costs along the columns: a row's values lie in as many cache lines as there are columns. So
/// the piece is encoded whole, in tiles, by all threads that come to read it, and the bytes it was fetched as are let go. encode() and copy() may be called from several threads at once.
class EncodedPiece {
 public:
  /// The records of `data` that lie in its piece `piece`, fetched as `raw`. `rows` is memory to be used again, or null. `data` must outlive it.
  EncodedPiece(const EncodedTable& data, uint64_t piece, std::shared_ptr<const io::RawRows> raw,
               std::unique_ptr<EncodedRows> rows);
  /// Takes part until all is encoded; waits for no more than tiles that other threads are at. Throws what encoding throws, from every call.
  void encode(Encoder::Scratch& scratch);
  /// Records ids[places[...]] go to the rows `places` of `out`; after encode(). Those that hold no record are rejected.
  void copy(std::span<const uint64_t> ids, std::span<const uint32_t> places, const RowsOut& out, Intake& intake) const;
  bool is_complete() const { return complete_.load(std::memory_order_acquire); }
  /// Its memory, for the next piece. Nobody may use it any more.
  std::unique_ptr<EncodedRows> give_back() { return std::move(rows_); }

  /// What `records` records take.
  static uint64_t bytes_of(const EncodedTable& data, uint64_t records);

 private:
  void encode_tile(size_t tile, Encoder::Scratch& scratch);
  RowsOut all_rows() const;

  const EncodedTable& data_;
  std::shared_ptr<const io::RawRows> raw_;  ///< until all is encoded
  std::unique_ptr<EncodedRows> rows_;
  uint64_t first_ = 0;  ///< record
  size_t count_ = 0, tiles_ = 0;
  bool counts_ = true;  ///< no piece of this pass held these records before: what is unknown in them is counted
  std::atomic<size_t> next_{0}, done_{0};
  std::atomic<bool> complete_{false};
  std::mutex mutex_;
  Encoder::Refused refused_;  ///< by place, sorted when complete
  std::exception_ptr error_;
};

/// What a reader leaves for the next one over the same table: encoded pieces, with the memory that was taken for them.
struct KeptPieces {
  Reserve reserve;
  uint64_t slots = 0;
  std::map<uint64_t, std::shared_ptr<EncodedPiece>> pieces = {};
};

}  // namespace penstock::table
