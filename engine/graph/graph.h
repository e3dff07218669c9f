// A bound graph: every stage knows its fields, every field its place. Immutable; shared by threads and runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/schema.h"
#include "engine/graph/stage.h"

namespace penstock {

enum class StageKind { kRecord, kSlice, kBatch };

/// Where the values of one version of a field live while a batch is made.
enum class Place : uint8_t {
  kBatch,  ///< in the batch, at its layout's offset
  kSlice,  ///< in the worker's memory while a slice is worked on
  kBytes,  ///< unbounded: in the slice's read buffer, or the worker's memory where a stage made it
};

/// One version of a field. A stage that changes a field's type makes a new version of it.
struct Slot {
  Field field;
  Place place = Place::kSlice;
  size_t batch_field = 0;  ///< index in Graph::output, where place is kBatch
  int source_field = -1;   ///< index in the source's schema, where the source fills it
};

struct BoundStage {
  std::string id;
  std::string name;
  StageKind kind = StageKind::kRecord;
  std::shared_ptr<const Stage> stage;
  std::vector<size_t> in;   ///< slots
  std::vector<size_t> out;  ///< slots
  /// out[i] starts as a copy of slot copy_from[i] (worked on in place under another name), or npos.
  std::vector<size_t> copy_from;
  bool draws = false;
  bool looks_before = false;
  uint32_t draw_key = 0;
  uint64_t scratch_bytes = 0;
  uint64_t resident_bytes = 0;
  std::string contents;   ///< Bound::contents
  std::string canonical;  ///< name, resolved parameters and contents: what decides its bytes
  Schema after;           ///< the fields there are once it has run, for `check`

  static constexpr size_t npos = static_cast<size_t>(-1);
};

/// Where the fields of a batch of up to `capacity` records lie in one block: each at a multiple of 4 KiB.
struct BatchLayout {
  struct Part {
    size_t values = 0;   ///< byte offset of the packed values
    size_t offsets = 0;  ///< kRagged: of N + 1 i64
    size_t present = 0;  ///< optional: of N u8
  };
  size_t capacity = 0;
  size_t bytes = 0;
  std::vector<Part> parts;  ///< one a field of the schema

  static BatchLayout of(const Schema& schema, size_t capacity);
};

/// Behind its first stages a graph may be cut: they draw nothing, so what they make of a record is the same in every epoch and can be kept on a fast disk and
/// brought back instead of the record's encoded bytes. A record is packed slot by slot: a fixed field that is never absent as its bytes, any other as i64 rows
/// (-1: absent) and then its bytes.
struct Cut {
  size_t stages = 0;          ///< so many of Graph::stages lie before it
  std::string stage;          ///< id of the last of them
  std::vector<size_t> slots;  ///< what they leave to the stages behind it and to the batch
  uint64_t most_bytes = 0;    ///< of one record, packed
  std::string canonical;      ///< with the source's records it decides what is kept
};

struct Graph {
  Schema source;
  Schema output;  ///< what a batch carries
  std::vector<Slot> slots;
  std::vector<BoundStage> stages;  ///< record and slice stages first, batch stages after them
  std::optional<Cut> cut;

  /// Bytes of kSlice slots for one record: a worker holds this times the slice's records.
  uint64_t slice_bytes_per_record() const;
  /// Whether a batch stage reads the record before the first.
  bool looks_before() const;
  /// Error kUsage where a batch stage changes a field whose record before the first one behind it reads: over several processes that would be another
  /// value.
  void require_shares_alike() const;
  /// Worst case of per-thread state of all stages.
  uint64_t scratch_bytes() const;
  /// What its stages hold for all threads.
  uint64_t resident_bytes() const;
  /// Decides the bytes of a batch together with source, seed and plan: equal for equal graphs.
  std::string canonical() const;
  /// Cuts it behind the stage `id`. Throws Error kUsage where a stage before draws, or what would be kept has no largest size, or a
  /// stage behind still reads encoded bytes.
  void cut_behind(const std::string& id);
};

}  // namespace penstock
