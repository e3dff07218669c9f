// A stage: a const step of a graph. It knows no threads, no queue, no file, no TBB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/data/batch.h"
#include "engine/data/schema.h"
#include "engine/order/draws.h"

namespace penstock {

/// What a stage says when it is bound to a schema.
struct Bound {
  std::vector<std::string> reads;  ///< names of input fields, in the order in which RecordView::in() takes them
  /// Output fields, in the order of RecordView::out(). A field that is also read and keeps its type is worked on in
  /// place (in(i) and out(j) are the same memory); with another type it is a new field of that name.
  std::vector<Field> writes;
  std::vector<std::string> drops = {};  ///< fields that end here and take no room in the batch
  bool draws = false;                   ///< takes random numbers
  /// Batch stages: it calls BatchView::before(). Of several processes that share a batch, each then reads and works on one record more.
  bool looks_before = false;
  uint64_t scratch_bytes = 0;   ///< worst case of per-thread state, charged to the RAM budget per thread
  uint64_t resident_bytes = 0;  ///< what the stage itself holds, for all threads: charged once
  /// What decides its bytes beside its parameters: a digest of the file that one of them names. "": nothing.
  std::string contents = {};
};

/// What came of one record. A fault of the data is a value, not an exception.
class [[nodiscard]] Outcome {
 public:
  static Outcome ok() { return Outcome(); }
  static Outcome reject(std::string reason) { return Outcome(std::move(reason)); }
  bool is_ok() const { return ok_; }
  const std::string& reason() const { return reason_; }

 private:
  Outcome() = default;
  explicit Outcome(std::string reason) : ok_(false), reason_(std::move(reason)) {}
  bool ok_ = true;
  std::string reason_;
};

/// One record's part of one field: `rows` rows of `shape` (one for kFixed).
struct FieldView {
  const Field* field = nullptr;
  std::byte* data = nullptr;
  int64_t rows = 1;
  bool present = true;

  std::span<const int64_t> shape() const { return field->shape; }
  size_t bytes() const { return field->row_bytes() * static_cast<size_t>(rows); }
  std::span<const std::byte> span() const { return {data, bytes()}; }
  template <class T>
  std::span<T> as() const {
    PENSTOCK_CHECK(sizeof(T) == size_of(field->dtype));
    return {reinterpret_cast<T*>(data), bytes() / sizeof(T)};
  }
};

/// One record as a stage sees it. Good for the duration of the call.
class RecordView {
 public:
  virtual uint64_t id() const = 0;
  virtual uint64_t epoch() const = 0;
  /// The picture or text was checked in full before, when it was packed or in this run (Source::verified).
  virtual bool verified() const = 0;
  /// The stage has checked all of the record: from now on it is verified (Source::note_verified).
  virtual void set_verified() {}
  /// It stands beside the batch, for a batch stage that looks before the first record (Bound::looks_before): only its fixed outputs are kept.
  virtual bool stands_apart() const { return false; }
  /// How many fields bind() said that it reads: a const stage may bind to one more or fewer.
  virtual size_t inputs() const = 0;
  virtual FieldView in(size_t i) const = 0;
  /// A fixed output. All its bytes must be written when the outcome is ok.
  virtual FieldView out(size_t i) = 0;
  /// A ragged output of `rows` rows (<= max_rows), or an unbounded one kept in the slice's memory.
  virtual FieldView out(size_t i, int64_t rows) = 0;
  /// This record lacks optional output i.
  virtual void absent(size_t i) = 0;

 protected:
  ~RecordView() = default;
};

/// Many records at once: for stages over fixed-size rows, where a call a record would cost more than the work.
class SliceView {
 public:
  virtual size_t count() const = 0;
  virtual std::span<const uint64_t> ids() const = 0;
  /// Contiguous rows of a fixed field: count() * row_bytes() bytes.
  virtual FieldView in(size_t i) const = 0;
  virtual FieldView out(size_t i) = 0;
  /// Refuses row `i`.
  virtual void reject(size_t i, std::string reason) = 0;
  /// The draws of row i (the same as a record stage would get).
  virtual Draws draws(size_t i) const = 0;

 protected:
  ~SliceView() = default;
};

/// Per-thread state of a stage, made when a thread first needs it and kept for the run: decoders, row buffers.
class Scratch {
 public:
  template <class T, class... Args>
  T& get(Args&&... args) {
    if (!state_)
      state_ = std::shared_ptr<void>(new T(std::forward<Args>(args)...), [](void* p) { delete static_cast<T*>(p); });
    return *static_cast<T*>(state_.get());
  }

 private:
  std::shared_ptr<void> state_;
};

/// What all kinds of stages share. Objects are const while they run and shared by all threads.
class Stage {
 public:
  virtual ~Stage() = default;
  /// Checks the incoming fields and says what comes out. Throws Error kUsage where the schema does not fit.
  virtual Bound bind(const Schema& in) const = 0;
};

/// Works on one record at a time, in parallel; record stages of a chain run one after the other while the record is
/// in the cache.
class RecordStage : public Stage {
 public:
  virtual Outcome run(RecordView& record, Draws& draws, Scratch& scratch) const = 0;
};

/// Works on a contiguous run of records with fixed fields, in parallel.
class SliceStage : public Stage {
 public:
  virtual void run(SliceView& slice, Scratch& scratch) const = 0;
};

/// A whole batch as a stage sees it. Good for the duration of the call.
class BatchView {
 public:
  virtual const Batch& batch() const = 0;
  size_t count() const { return batch().size(); }  ///< may be 0
  /// How many fields bind() said that it reads: a const stage may bind to one more or fewer.
  virtual size_t inputs() const = 0;
  /// A field of all records: shape (N, ...). What in(i) and out(j) share is worked on in place.
  virtual Tensor in(size_t i) const = 0;
  virtual Tensor out(size_t i) = 0;
  /// Field in(i), which is fixed, of the record before the first, going round the whole batch: shape (1, ...). Null data where the batch has
  /// but one record. To be read alone, and before out(i) is written: it may be the last row of it. Not for stages that did not say
  /// Bound::looks_before.
  virtual Tensor before(size_t i) const = 0;
  /// The draws of this batch: a pure function of (seed, epoch, position of the first record of the whole batch, stage key). So all
  /// processes that share a batch draw the same.
  virtual Draws draws() const = 0;

 protected:
  ~BatchView() = default;
};

/// Works on whole batches, one after the other in order: mixing records, counting, writing.
/// Of several processes that share a batch (RunOptions::ranks) each runs it over its own share. What it makes of a record may then depend on that
/// record, the draws and the one before, and on nothing else of the batch, or the bytes would depend on the number of processes. A stage that looks before
/// behind another that does must leave alone what that one has changed: the record before is as the slices left it.
///
/// It may change fields that it reads in place, if they keep their type, and make new ones that are kFixed and not
/// optional, all of whose bytes it must write. What it writes cannot be read by stages that work on records or slices.
class BatchStage : public Stage {
 public:
  virtual void run(BatchView& batch, Scratch& scratch) const = 0;
};

}  // namespace penstock
