#include "engine/run/worker.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace penstock {

/// A stage's view of record `i_` of a slice: slot numbers instead of names.
class Worker::RecordCursor final : public RecordView {
 public:
  RecordCursor(Worker& worker, Slice& slice) : worker_(worker), slice_(slice), ids_(slice.ids()) {}

  void at(const BoundStage* stage, size_t i) {
    stage_ = stage;
    i_ = i;
  }

  uint64_t id() const override { return ids_[i_]; }
  uint64_t epoch() const override { return slice_.batch->epoch; }
  bool verified() const override { return worker_.source_.verified(ids_[i_]); }
  void set_verified() override { worker_.source_.note_verified(ids_[i_]); }
  bool stands_apart() const override { return slice_.is_before; }
  size_t inputs() const override { return stage_->in.size(); }
  FieldView in(size_t i) const override { return slice_.view(worker_.graph_, stage_->in[i], i_); }

  FieldView out(size_t i) override {
    const Slot& slot = worker_.graph_.slots[stage_->out[i]];
    PENSTOCK_CHECK(slot.field.extent == Extent::kFixed);
    set_present(i, 1);
    return slice_.view(worker_.graph_, stage_->out[i], i_);
  }

  FieldView out(size_t i, int64_t rows) override {
    const size_t at = stage_->out[i];
    const Slot& slot = worker_.graph_.slots[at];
    set_present(i, 1);
    if (slot.place == Place::kBytes) {
      std::vector<std::byte>& bytes = worker_.made_bytes_[at][i_];
      bytes.resize(static_cast<size_t>(rows) * slot.field.row_bytes());
      slice_.columns[at].bytes[i_] = bytes;
      return slice_.view(worker_.graph_, at, i_);
    }
    PENSTOCK_CHECK(slot.field.extent == Extent::kRagged && rows <= slot.field.max_rows);
    if (slot.place == Place::kBatch)
      slice_.batch->offsets(slot.batch_field)[slice_.first + i_ + 1] = rows;
    else
      slice_.columns[at].rows[i_] = rows;
    return slice_.view(worker_.graph_, at, i_);
  }

  void absent(size_t i) override {
    const Slot& slot = worker_.graph_.slots[stage_->out[i]];
    PENSTOCK_CHECK(slot.field.optional);
    if (slot.field.extent == Extent::kFixed)
      std::memset(out(i).data, 0, slot.field.slot_bytes());
    else
      out(i, 0);
    set_present(i, 0);
  }

 private:
  void set_present(size_t i, uint8_t present) {
    const Slot& slot = worker_.graph_.slots[stage_->out[i]];
    if (!slot.field.optional) return;
    if (slot.place == Place::kBatch)
      slice_.batch->present(slot.batch_field)[slice_.first + i_] = present;
    else
      slice_.columns[stage_->out[i]].present[i_] = present;
  }

  Worker& worker_;
  Slice& slice_;
  std::span<const uint64_t> ids_;
  const BoundStage* stage_ = nullptr;
  size_t i_ = 0;
};

class Worker::SliceCursor final : public SliceView {
 public:
  SliceCursor(Worker& worker, Slice& slice, const BoundStage& stage, size_t first, size_t count)
      : worker_(worker), slice_(slice), stage_(stage), first_(first), count_(count) {}
  size_t count() const override { return count_; }
  std::span<const uint64_t> ids() const override { return slice_.ids().subspan(first_, count_); }
  FieldView in(size_t i) const override { return whole(stage_.in[i]); }
  FieldView out(size_t i) override { return whole(stage_.out[i]); }
  void reject(size_t i, std::string reason) override { slice_.refuse(first_ + i, stage_.id, std::move(reason)); }
  Draws draws(size_t i) const override { return Draws(worker_.seed_, slice_.batch->epoch, ids()[i], stage_.draw_key); }

 private:
  FieldView whole(size_t slot) const {
    FieldView view = slice_.view(worker_.graph_, slot, first_);
    PENSTOCK_CHECK(view.field->extent == Extent::kFixed);
    view.rows = static_cast<int64_t>(count_);
    return view;
  }
  Worker& worker_;
  Slice& slice_;
  const BoundStage& stage_;
  const size_t first_, count_;
};

class Worker::BatchCursor final : public BatchView {
 public:
  BatchCursor(const Worker& worker, const Batch& batch, const BoundStage& stage)
      : worker_(worker), batch_(batch), stage_(stage) {}
  const Batch& batch() const override { return batch_; }
  size_t inputs() const override { return stage_.in.size(); }
  Tensor in(size_t i) const override { return batch_.tensor(worker_.graph_.slots[stage_.in[i]].batch_field); }
  Tensor out(size_t i) override { return batch_.tensor(worker_.graph_.slots[stage_.out[i]].batch_field); }
  Tensor before(size_t i) const override {
    PENSTOCK_CHECK(stage_.looks_before);
    Tensor one = in(i);
    const Field& field = worker_.graph_.slots[stage_.in[i]].field;
    PENSTOCK_CHECK(field.extent == Extent::kFixed);
    const auto before = batch_.before();
    one.shape[0] = before ? 1 : 0;
    one.bytes = before ? field.row_bytes() : 0;
    one.data = before ? one.data + before->row * field.row_bytes() : nullptr;
    if (!one.present.empty()) one.present = {one.present.data() + (before ? before->row : 0), before ? 1u : 0u};
    return one;
  }
  Draws draws() const override {
    return Draws(worker_.seed_, batch_.epoch(), batch_.first_position(), stage_.draw_key);
  }

 private:
  const Worker& worker_;
  const Batch& batch_;
  const BoundStage& stage_;
};

Worker::Worker(const Graph& graph, const Source& source, Reader* reader, uint64_t seed, Clock& clock)
    : busy_ns(graph.stages.size()),
      records(graph.stages.size()),
      graph_(graph),
      source_(source),
      reader_(reader),
      seed_(seed),
      clock_(clock),
      scratch_(graph.stages.size()),
      columns_(graph.slots.size()),
      made_bytes_(graph.slots.size()) {}

void Worker::lend_columns(Slice& slice) {
  slice.columns.resize(graph_.slots.size());
  const bool grow = slice.count > column_records_;
  for (size_t s = 0; s < graph_.slots.size(); ++s) {
    const Slot& slot = graph_.slots[s];
    if (slot.source_field >= 0 || slot.place == Place::kBatch) continue;
    Slice::Column& column = slice.columns[s];
    if (slot.place == Place::kSlice) {
      if (grow || !columns_[s]) columns_[s].reset(new std::byte[slot.field.slot_bytes() * slice.count]);
      column.data = columns_[s].get();
      if (slot.field.extent == Extent::kRagged) column.rows.resize(slice.count);
    } else {
      if (made_bytes_[s].size() < slice.count) made_bytes_[s].resize(slice.count);
      column.bytes.resize(slice.count);
    }
    if (slot.field.optional) column.present.resize(slice.count);
  }
  if (grow) column_records_ = slice.count;
}

void Worker::run(Slice& slice) {
  lend_columns(slice);
  if (!slice.made.empty()) unpack(slice);
  size_t begin = 0;
  while (begin < graph_.stages.size() && graph_.stages[begin].kind != StageKind::kBatch) {
    size_t end = begin + 1;
    if (graph_.stages[begin].kind == StageKind::kSlice) {
      run_slice(slice, begin);
    } else {
      while (end < graph_.stages.size() && graph_.stages[end].kind == StageKind::kRecord) ++end;
      run_records(slice, begin, end);
    }
    begin = end;
  }
}

void Worker::copy_inputs(Slice& slice, const BoundStage& stage, size_t i) {
  for (size_t k = 0; k < stage.out.size(); ++k) {
    if (stage.copy_from[k] == BoundStage::npos) continue;
    const FieldView from = slice.view(graph_, stage.copy_from[k], i);
    std::memcpy(slice.view(graph_, stage.out[k], i).data, from.data, from.bytes());
  }
}

void Worker::run_records(Slice& slice, size_t begin, size_t end) {
  RecordCursor cursor(*this, slice);
  Draws none(0, 0, 0, 0);
  int64_t before = clock_.now_ns();
  for (size_t i = 0; i < slice.count; ++i) {
    for (size_t s = begin; s < end && !slice.is_refused(i); ++s) {
      if (skips(slice, s, i)) continue;
      const BoundStage& stage = graph_.stages[s];
      cursor.at(&stage, i);
      try {
        copy_inputs(slice, stage, i);
        const auto& work = static_cast<const RecordStage&>(*stage.stage);
        if (stage.draws) {
          Draws draws(seed_, slice.batch->epoch, cursor.id(), stage.draw_key);
          if (Outcome outcome = work.run(cursor, draws, scratch_[s]); !outcome.is_ok())
            slice.refuse(i, stage.id, outcome.reason());
        } else if (Outcome outcome = work.run(cursor, none, scratch_[s]); !outcome.is_ok()) {
          slice.refuse(i, stage.id, outcome.reason());
        }
      } catch (...) { fail(stage, cursor.id()); }
      if (graph_.cut && s + 1 == graph_.cut->stages) keep(slice, i);
      const int64_t now = clock_.now_ns();
      busy_ns[s] += now - before;
      before = now;
      ++records[s];
    }
  }
}

/// Stretches of records that the stage works on: all, but for those that come from behind the cut.
void Worker::run_slice(Slice& slice, size_t s) {
  const int64_t before = clock_.now_ns();
  for (size_t first = 0; first < slice.count;) {
    size_t end = first;
    while (end < slice.count && skips(slice, s, end) == skips(slice, s, first)) ++end;
    if (!skips(slice, s, first)) run_slice_part(slice, s, first, end - first);
    first = end;
  }
  busy_ns[s] += clock_.now_ns() - before;
}

void Worker::run_slice_part(Slice& slice, size_t s, size_t first, size_t count) {
  const BoundStage& stage = graph_.stages[s];
  try {
    const auto copied = [](size_t from) { return from != BoundStage::npos; };
    if (std::any_of(stage.copy_from.begin(), stage.copy_from.end(), copied))
      for (size_t i = first; i < first + count; ++i) copy_inputs(slice, stage, i);
    SliceCursor cursor(*this, slice, stage, first, count);
    static_cast<const SliceStage&>(*stage.stage).run(cursor, scratch_[s]);
  } catch (...) { fail(stage, slice.ids()[first]); }
  if (graph_.cut && s + 1 == graph_.cut->stages)
    for (size_t i = first; i < first + count; ++i) keep(slice, i);
  records[s] += count;
}

/// Whether the record comes from behind the cut and the stage lies before it.
bool Worker::skips(const Slice& slice, size_t stage, size_t i) const {
  return slice.is_made(i) && stage < graph_.cut->stages;
}

void Worker::unpack(Slice& slice) {
  const Cut& cut = *graph_.cut;
  BoundStage last;
  last.out = cut.slots;
  RecordCursor cursor(*this, slice);
  for (size_t i = 0; i < slice.count; ++i) {
    if (!slice.is_made(i)) continue;
    cursor.at(&last, i);
    const std::byte* from = slice.made[i].data();
    for (size_t k = 0; k < cut.slots.size(); ++k) {
      const Field& field = graph_.slots[cut.slots[k]].field;
      int64_t rows = 1;
      if (field.extent != Extent::kFixed || field.optional) {
        std::memcpy(&rows, from, sizeof rows);
        from += sizeof rows;
      }
      if (rows < 0) {
        cursor.absent(k);
        continue;
      }
      const FieldView out = field.extent == Extent::kFixed ? cursor.out(k) : cursor.out(k, rows);
      std::memcpy(out.data, from, out.bytes());
      from += out.bytes();
    }
  }
}

void Worker::keep(const Slice& slice, size_t i) {
  if (reader_ == nullptr || slice.is_refused(i) || !reader_->wants(slice.ids()[i])) return;
  packed_.clear();
  const auto add = [&](const void* from, size_t bytes) {
    const auto* begin = static_cast<const std::byte*>(from);
    packed_.insert(packed_.end(), begin, begin + bytes);
  };
  for (const size_t slot : graph_.cut->slots) {
    const FieldView view = slice.view(graph_, slot, i);
    if (view.field->extent != Extent::kFixed || view.field->optional) {
      const int64_t rows = view.present ? view.rows : -1;
      add(&rows, sizeof rows);
    }
    if (view.present) add(view.data, view.bytes());
  }
  reader_->keep(slice.ids()[i], packed_);
}

void Worker::run_batch_stage(size_t s, const Batch& batch) {
  const BoundStage& stage = graph_.stages[s];
  const int64_t before = clock_.now_ns();
  try {
    BatchCursor cursor(*this, batch, stage);
    static_cast<const BatchStage&>(*stage.stage).run(cursor, scratch_[s]);
  } catch (...) { fail(stage, batch.size() == 0 ? 0 : batch.ids().front()); }
  busy_ns[s] += clock_.now_ns() - before;
  records[s] += batch.size();
}

void Worker::fail(const BoundStage& stage, uint64_t record) {
  const Location where = source_.locate(record);
  const std::string context =
      "stage '" + stage.id + "' worked on record " + std::to_string(record) + " (" + where.file + ")";
  try {
    throw;
  } catch (Error& error) { throw error.add(context); } catch (const std::bad_alloc&) {
    throw Error(Code::kMemory, "out of memory").add(context);
  } catch (const std::exception& error) { throw Error(Code::kInternal, error.what()).add(context); }
}

}  // namespace penstock
