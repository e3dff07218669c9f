// A contiguous part of a batch that one task works on, and the bytes that were read for it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/data/batch_block.h"
#include "engine/data/source.h"
#include "engine/graph/graph.h"
#include "engine/memory/buffer.h"

namespace penstock {

/// How the source's fields map onto slices: made once a run.
struct SlicePlan {
  explicit SlicePlan(const Graph& graph);
  /// Bytes of source-filled columns that end before the batch (Place::kSlice), a record.
  uint64_t column_bytes_per_record = 0;
  std::vector<size_t> source_slot;  ///< source field -> slot
  std::vector<bool> wanted;         ///< source field -> a stage reads it, or the batch carries it
};

/// Slots first .. first + count - 1 of a batch. Owned by one thread at a time: admission, then an I/O thread, then a
/// compute thread.
struct Slice {
  std::shared_ptr<BatchBlock> batch;
  size_t first = 0;
  size_t count = 0;
  uint32_t attempt = 0;            ///< of a replacement: which
  bool is_before = false;          ///< its one record is the one before the batch's first, of another rank's share
  std::shared_ptr<Buffer> buffer;  ///< source columns, then unbounded bytes; null where the source lends all
  size_t used = 0;

  struct Column {                                   ///< a slot's values outside the batch
    std::byte* data = nullptr;                      ///< count rows of slot_bytes()
    std::vector<int64_t> rows;                      ///< kRagged: rows of each record
    std::vector<std::span<const std::byte>> bytes;  ///< kUnbounded: of each record
    std::vector<uint8_t> present;                   ///< optional fields
  };
  std::vector<Column> columns;  ///< by slot; empty where the slot lies in the batch
  /// By record, empty where none: what comes from behind the graph's cut, in `buffer`.
  std::vector<std::span<const std::byte>> made;
  bool is_made(size_t i) const { return !made.empty() && made[i].data() != nullptr; }

  struct Refused {
    bool refused = false;
    std::string stage;
    std::string reason;
  };
  std::vector<Refused> refused;  ///< empty until the first one, then by record
  bool is_refused(size_t i) const { return !refused.empty() && refused[i].refused; }
  void refuse(size_t i, std::string stage, std::string reason);

  std::span<const uint64_t> ids() const { return std::span(batch->ids).subspan(first, count); }
  /// One record's part of a slot, wherever it lies.
  FieldView view(const Graph& graph, size_t slot, size_t i) const;
};

/// Writes what a source reads straight into the batch, or into the slice where the field ends there.
class SliceIntake final : public Intake {
 public:
  SliceIntake(const Graph& graph, const SlicePlan& plan, Slice& slice);
  size_t count() const override { return slice_.count; }
  std::byte* row(size_t field, size_t i) override;
  std::byte* rows(size_t field, size_t i, size_t rows) override;
  void lend(size_t field, size_t i, std::span<const std::byte> bytes) override;
  std::byte* made(size_t i, size_t bytes) override;
  void absent(size_t field, size_t i) override;
  void reject(size_t i, std::string reason) override;

 private:
  void set_present(const Slot& slot, size_t slot_index, size_t i, uint8_t present);
  const Graph& graph_;
  const SlicePlan& plan_;
  Slice& slice_;
};

}  // namespace penstock
