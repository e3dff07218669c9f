// Packs records into one HDF5 file; a killed writer goes on where it was.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "io/data/record_writer.h"
#include "io/file/file_system.h"

namespace penstock::io {

/// Collects in DEST.partial/ (records.bytes, a log of chunks, penstock.json), which survives a kill at any moment, and makes the
/// HDF5 file from it in finish(), with sequential reads and writes: so twice the bytes of the records are needed while it runs. One thread; one writer a
/// DEST, held by a flock on DEST.partial/.lock. Only HDF5's own description of the file goes past the FileSystem. Memory: commit_bytes, and a bit a record in finish().
class Hdf5RecordWriter final : public RecordWriter {
 public:
  /// Begins DEST, or goes on with DEST.partial of the same head. Throws kUsage where DEST or DEST.partial is anything else; kData where
  /// DEST.partial is damaged; kIo.
  static std::unique_ptr<Hdf5RecordWriter> open(const std::string& dest, RecordWriterOptions options,
                                                FileSystem& fs = FileSystem::real());
  /// What was not committed is lost; DEST.partial stays.
  ~Hdf5RecordWriter() override;

  bool already_complete() const override;
  uint64_t committed() const override;
  uint64_t size() const override;
  uint64_t resume_source_position() const override;
  void append(const PackedRecord& record) override;
  void commit() override;
  /// Readers make the index, when the file is first opened.
  void finish() override;

 private:
  struct State;
  explicit Hdf5RecordWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace penstock::io
