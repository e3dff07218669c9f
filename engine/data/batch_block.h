// The memory behind a Batch. Engine-internal: users hold Batch.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/data/batch.h"
#include "engine/graph/graph.h"
#include "engine/memory/buffer.h"

namespace penstock {

/// One batch from its admission to its last reader. Slices write disjoint rows without locks; only the list of
/// rejections is shared. `release` runs when the last handle dies, from whichever thread that is.
class BatchBlock {
 public:
  BatchBlock(std::shared_ptr<const Graph> graph, std::shared_ptr<const BatchLayout> layout,
             std::shared_ptr<Buffer> memory, size_t count)
      : graph(std::move(graph)), layout(std::move(layout)), memory(std::move(memory)), ids(count), positions(count) {}
  ~BatchBlock() {
    memory.reset();  // the budget first, then whoever waits for it
    if (release) release();
  }
  BatchBlock(const BatchBlock&) = delete;
  BatchBlock& operator=(const BatchBlock&) = delete;

  std::byte* values(size_t field) const { return memory->data() + layout->parts[field].values; }
  std::byte* row(size_t field, size_t i) const {
    return values(field) + i * graph->output.fields()[field].slot_bytes();
  }
  int64_t* offsets(size_t field) const {
    return reinterpret_cast<int64_t*>(memory->data() + layout->parts[field].offsets);
  }
  uint8_t* present(size_t field) const {
    return reinterpret_cast<uint8_t*>(memory->data() + layout->parts[field].present);
  }

  void refuse(Rejection rejection);
  /// Refuses the record in `slot` and leaves the slot out of the batch.
  void skip(size_t slot, Rejection rejection);
  /// Leaves the slot out of the batch without a word.
  void leave_out(size_t slot);
  /// After the last slice: sorts the rejections, takes out the `skipped` records, packs ragged fields, sets the record before the first
  /// apart. One thread.
  void close();

  std::shared_ptr<const Graph> graph;
  std::shared_ptr<const BatchLayout> layout;
  std::shared_ptr<Buffer> memory;
  uint64_t sequence = 0;
  uint64_t epoch = 0;
  uint64_t step = 0;
  uint64_t first_position = 0;  ///< of the whole batch, over all ranks
  bool is_whole = true;         ///< no other rank has a share of it
  /// While it is made, the last slot is of the record before the first of this share, which another rank's share ends with; once it is
  /// closed: that record's row lies behind those of the batch, and nothing else of it is kept than its id.
  bool has_before = false;
  uint64_t id_before = 0;
  std::vector<uint64_t> ids;
  std::vector<uint64_t> positions;
  std::vector<Rejection> rejections;
  std::vector<size_t> skipped;     ///< slots that nothing fills, while it is made
  std::atomic<size_t> pending{0};  ///< slices still to come
  std::function<void()> release;

 private:
  void drop_skipped();
  void set_before_apart();
  void pack_ragged(size_t field);
  std::mutex mutex_;
};

}  // namespace penstock
