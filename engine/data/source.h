// Where records come from, as the engine sees it. The engine knows no file format: `io::Dataset` derives from this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

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
  /// The optional field is absent from record i.
  virtual void absent(size_t field, size_t i) = 0;
  /// Record i cannot be had: a fault of the data, with the reason in words.
  virtual void reject(size_t i, std::string reason) = 0;
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

  /// The record was decoded in full without fault when it was packed: stages need not look at all of it again.
  virtual bool verified(uint64_t) const { return false; }
  virtual Location locate(uint64_t id) const = 0;
};

}  // namespace penstock
