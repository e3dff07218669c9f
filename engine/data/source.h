// Where records come from, as the engine sees it. The engine knows no file format: `io::Dataset` derives from this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/schema.h"

namespace penstock {

/// Where a record's bytes lie. `file` is for people; `offset` and `length` are bytes.
struct Location {
  std::string file;
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// Where a source puts what it read: `count()` rows, row i being record ids[i] of the call.
/// One thread fills one Intake. Pointers stay good until the slice has been worked on.
class Intake {
 public:
  virtual ~Intake() = default;
  virtual size_t count() const = 0;
  /// Row i of a kFixed field of the source's schema; the rows of a field are contiguous, so that row i + 1 follows
  /// row i at Field::row_bytes() and a run of records is one memcpy. Null where the graph does not want the field.
  virtual std::byte* row(size_t field, size_t i) = 0;
  /// `rows` rows for record i of a kRagged or kUnbounded field. Null where the graph does not want it.
  /// The sum of the unbounded bytes of a call must not exceed the sum of Source::record_bytes().
  virtual std::byte* rows(size_t field, size_t i, size_t rows) = 0;
  /// Points record i of an unbounded field at bytes the source keeps alive as long as itself (a mapped or memory
  /// resident source): no copy.
  virtual void lend(size_t field, size_t i, std::span<const std::byte> bytes) = 0;
  /// Record i comes from behind the cut of the run's graph (Journey::cut): place for the `bytes` bytes that Reader::keep() once got for it. Its unbounded fields
  /// need not be given then. Asked for in vain (the bytes turn out to be wrong), rows() takes it back. Null where the run has no cut.
  virtual std::byte* made(size_t, size_t) { return nullptr; }
  /// The optional field is absent from record i.
  virtual void absent(size_t field, size_t i) = 0;
  /// Record i cannot be had: a fault of the data, with the reason in words.
  virtual void reject(size_t i, std::string reason) = 0;
};

class EpochPlan;
class Budgets;

/// The part of a run's order that a slice covers.
struct Asked {
  std::span<const uint64_t> ids;
  uint64_t epoch = 0;
  std::span<const uint64_t> positions;  ///< in the epoch, one for each id
  uint32_t attempt = 0;                 ///< > 0: a replacement, which no plan foresaw
};

/// What one run is going to ask for, known before it starts: `batches` steps from (epoch, step) on, over as many epochs as it takes.
struct Journey {
  const EpochPlan* plan = nullptr;  ///< outlives the reader
  uint64_t epoch = 0;
  uint64_t step = 0;
  uint64_t batches = 0;
  /// Sequential and block order count places in storage order (Source::ids_at turns them into ids); full order counts ids.
  bool by_storage = true;
  /// Where the graph has a cut (Graph::cut): its canonical text, which with the source's state decides what is kept; the last stage before it; and the
  /// bytes of a record behind it, at most. "": none.
  std::string cut = {};
  std::string cut_stage = {};
  uint64_t cut_bytes = 0;
  /// Other runs over the same source follow, the next epoch of a training: a reader may leave in memory what they will want (Source::let_go()).
  bool again = false;
};

/// What a reader found on one tier so far.
struct TierUse {
  std::string name;                       ///< "hdd", "ssd", "ram"; of several disks "hdd:sdb"
  uint64_t hits = 0;                      ///< records that were served from here
  uint64_t misses = 0;                    ///< records that were looked for here and came from a slower tier
  uint64_t bytes_needed = 0;              ///< of the records served
  uint64_t bytes_read = 0;                ///< from the device, holes and alignment included
  uint64_t reads = 0;                     ///< requests to the device
  double busy_seconds = 0;                ///< at least one request was under way
  double predicted_bytes_per_second = 0;  ///< what the device's model says of these reads; 0: no model
  double predicted_seconds = 0;           ///< likewise, of all reads planned so far
  uint64_t kept = 0;  ///< records that this tier holds for later epochs; 0 of the data set's own disk
};

/// One run's way through a source, made by Source::start(). A source that knows the order of the epoch reads ahead in it.
/// read() may be called from several threads at once; each position of the journey is asked for once, roughly in order.
class Reader {
 public:
  virtual ~Reader() = default;
  /// As Source::read. Waits until the records are there.
  virtual void read(const Asked& asked, Intake& out) = 0;
  /// Of sources that unpack (Source::unpacks): waits until what read() needs for these records is in memory. On an I/O thread, unless bring_at_once() did it; once for
  /// each read() that follows, on a compute thread, with the same records.
  virtual void bring(const Asked&) {}
  /// bring() where that takes no waiting, on the thread that admits batches: spares the slice its way over an I/O thread. False: nothing was done.
  virtual bool bring_at_once(const Asked&) { return false; }
  /// Reading ahead begins. Called once, before the first read().
  virtual void begin() {}
  /// Calls that wait in read() return at once (with an Error kCancelled), and no more is read ahead. Any thread.
  virtual void stop() noexcept {}
  virtual std::vector<TierUse> tiers() const { return {}; }
  /// What the stages before the graph's cut made of a record, to be brought back by Intake::made(). Never waits; may be called from
  /// any thread. wants(): whether it would be kept, so that nobody packs it in vain.
  virtual bool wants(uint64_t) const { return false; }
  virtual void keep(uint64_t, std::span<const std::byte>) {}
};

/// Random access to records 0 .. size() - 1. All const members are thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  virtual const Schema& schema() const = 0;
  virtual uint64_t size() const = 0;
  /// The same for the same records in the same order, whatever they are stored in, machine or time.
  virtual uint64_t fingerprint() const = 0;

  /// Unbounded bytes that record `id` brings (its encoded length): exact or an upper bound. 0 where lent or none.
  virtual uint64_t record_bytes(uint64_t id) const = 0;
  /// The largest record_bytes() of all.
  virtual uint64_t max_record_bytes() const = 0;
  /// Bytes this object itself holds in RAM (indexes, names): charged to the RAM budget of a run.
  virtual uint64_t resident_bytes() const { return 0; }

  /// Reads records `ids` into `out`; a bad record is out.reject(), a failing disk is an Error.
  /// Blocks; called on I/O threads, or on a compute thread where waits() is false.
  virtual void read(std::span<const uint64_t> ids, Intake& out) const = 0;
  /// Whether read() may wait for a disk or a network.
  virtual bool waits() const { return true; }
  /// A name for what reading computes ("table.encode"), where that is worth a compute thread; "": reading is copying. A run whose reader
  /// start() made then calls Reader::bring_at_once(), where that is false Reader::bring() on an I/O thread, and Reader::read() on a compute thread, whose time is reported under this name.
  virtual std::string_view unpacks() const { return {}; }

  /// A run's reader; null: the run calls read(). It takes the memory it needs from `budgets` now and keeps it as long as it
  /// lives: Error kMemory where that is too small. The source must outlive it.
  virtual std::unique_ptr<Reader> start(const Journey&, Budgets&) const { return nullptr; }
  /// Gives back the memory of what readers left for others to come (Journey::again). Any thread.
  virtual void let_go() const {}
  /// RAM that start() takes at least.
  virtual uint64_t least_bytes(const Journey&) const { return 0; }
  /// Turns places in the order in which records are stored (what sequential and block order go by) into ids. A set that was
  /// shuffled on disk keeps the ids of its source; for all others place and id are the same.
  virtual void ids_at(std::span<uint64_t>) const {}

  /// The record was decoded in full without fault when it was packed: stages need not look at all of it again.
  virtual bool verified(uint64_t) const { return false; }
  /// A stage has checked all of a record that was not verified: a source may remember it for later epochs. What a stage says of a record
  /// does not change by it, only how long it takes. Any thread.
  virtual void note_verified(uint64_t) const {}
  virtual Location locate(uint64_t id) const = 0;
};

}  // namespace penstock
