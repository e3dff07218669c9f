// Rows of a table as a data set: what a run reads, trains on and evaluates.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "io/data/dataset.h"
#include "io/data/table_fields.h"
#include "io/table/table.h"
#include "stages/table/encoder.h"
#include "stages/table/fitted.h"
#include "stages/table/piece_map.h"
#include "stages/table/row_set.h"

namespace penstock::table {

struct KeptPieces;

struct EncodedOptions {
  bool training = false;     ///< as EncoderOptions
  bool needs_target = true;  ///< likewise
  /// Of pieces in memory; nothing: what the plan likes, up to two thirds of what the budget has left.
  std::optional<uint64_t> window_bytes = {};
};

/// Record `id` is row rows.row(id) of the table, with the fields that io/data/table_fields.h says. Bad rows, and rows whose target cannot be learnt, are rejected with the reason.
/// Const members are thread-safe.
///
/// A run reads it by plan (RowReader): pieces are fetched ahead on a thread of its own, parsed and encoded on compute threads straight into the batch.
class EncodedTable final : public io::Dataset {
 public:
  /// Throws what Encoder throws. A row set that reaches beyond the table is Error kUsage.
  EncodedTable(std::shared_ptr<const io::Table> table, RowSet rows, std::shared_ptr<const Fitted> fitted,
               EncodedOptions options = {});
  ~EncodedTable() override;

  const io::Table& table() const { return *table_; }
  const Fitted& fitted() const { return *fitted_; }
  const RowSet& rows() const { return rows_; }
  const PieceMap& pieces() const { return pieces_; }
  const Encoder& encoder() const { return encoder_; }
  const EncodedOptions& options() const { return options_; }

  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return rows_.size(); }
  uint64_t fingerprint() const override { return fingerprint_; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  uint64_t resident_bytes() const override;
  void read(std::span<const uint64_t> ids, Intake& out) const override;
  std::string_view unpacks() const override { return "table.encode"; }
  std::unique_ptr<Reader> start(const Journey& journey, Budgets& budgets) const override;
  uint64_t least_bytes(const Journey& journey) const override;
  Location locate(uint64_t id) const override { return table_->locate(rows_.row(id)); }
  std::string_view format() const override { return table_->format(); }
  const std::vector<std::string>& class_names() const override { return classes_; }
  /// -1 for regression and where the row has none. The first call reads the target column of all rows, 4 bytes a row.
  int64_t label(uint64_t id) const override;
  /// "row 17" of the table.
  std::string name(uint64_t id) const override { return "row " + std::to_string(rows_.row(id)); }
  uint64_t bytes() const override { return table_->bytes(); }
  const std::string& path() const override { return table_->path(); }
  uint64_t state() const override;
  const io::TableFields* table_fields() const override { return &fields_; }
  /// The values that no vocabulary knew and the infinite ones, in what the run that was started last has read: each pass counts anew. What the table itself notes is said
  /// where it is opened.
  std::vector<std::string> notes() const override;

  /// Decodes and encodes rows (of the table, ascending) that lie in `raw`: row i goes to row places[i] of `out`, and those that hold no record are named in `refused` by that place. `counts`:
  /// what is unknown in them is new to notes(). For readers.
  void encode(const io::RawRows& raw, std::span<const uint64_t> rows, std::span<const uint32_t> places,
              const RowsOut& out, Encoder::Refused& refused, Encoder::Scratch& scratch, bool counts = true) const;
  /// The same of records ids[places[...]] in any order, which go to the rows `places`.
  void encode_records(const io::RawRows& raw, std::span<const uint64_t> ids, std::span<const uint32_t> places,
                      const RowsOut& out, Encoder::Refused& refused, Encoder::Scratch& scratch) const;
  /// For readers that encode whole pieces. True the first time that a piece is asked for in this pass.
  bool counts_piece(uint64_t piece) const { return !counted_[piece].exchange(true); }
  /// What the reader before left; null: nothing. And leaving it for the next one.
  std::unique_ptr<KeptPieces> take_kept() const;
  void keep(std::unique_ptr<KeptPieces> pieces) const;
  void let_go() const override;
  /// Where the fields of an Intake lie.
  RowsOut places_of(Intake& intake) const;

 private:
  void read_labels() const;
  void name_unlearnt(const io::RawRows& raw, std::span<const uint64_t> rows, const Encoder::Refused& unlearnt,
                     std::span<const uint32_t> places, Encoder::Refused& refused) const;
  RowsOut at_row(RowsOut out, size_t row) const;

  std::shared_ptr<const io::Table> table_;
  RowSet rows_;
  PieceMap pieces_;
  std::shared_ptr<const Fitted> fitted_;
  EncodedOptions options_;
  Encoder encoder_;
  Schema schema_;
  io::TableFields fields_;
  std::vector<std::string> classes_;
  uint64_t fingerprint_ = 0;
  size_t cat_field_ = Schema::npos, cont_field_ = Schema::npos, target_field_ = 0;
  mutable std::vector<std::atomic<uint64_t>> unknown_;   ///< by column of `cat`
  mutable std::vector<std::atomic<uint64_t>> infinite_;  ///< by number of Fitted
  mutable std::atomic<uint64_t> encoded_{0};
  mutable std::vector<std::atomic<bool>> counted_;  ///< of each piece
  mutable std::mutex kept_mutex_;
  mutable std::unique_ptr<KeptPieces> kept_;
  mutable std::once_flag labelled_;
  mutable std::vector<int32_t> labels_;
};

}  // namespace penstock::table
