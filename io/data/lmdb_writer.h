// Packs records into an LMDB that Penstock reads by offset; a killed writer goes on where it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/data/lmdb_format.h"
#include "io/data/record_writer.h"
#include "io/file/file_system.h"

namespace penstock::io {

using LmdbWriterOptions = RecordWriterOptions;

/// Writes DEST.partial/ (data.mdb, penstock.json) and gives it the name DEST in finish(). One thread; one writer a DEST: a second one is refused
/// (whoever holds the flock on DEST.partial/.lock writes; nothing else in there is looked at for use, or written, without it).
/// LMDB writes past the FileSystem; its faults come as penstock::Error(kIo), those of a full disk with the advice to run the same command
/// again: what was committed stays in DEST.partial. After an error the writer is of no use; open a new one.
class LmdbWriter final : public RecordWriter {
 public:
  /// Begins DEST, or goes on with DEST.partial of the same head. Throws kUsage where DEST or DEST.partial is anything else; kData where DEST.partial is damaged.
  static std::unique_ptr<LmdbWriter> open(const std::string& dest, LmdbWriterOptions options,
                                          FileSystem& fs = FileSystem::real());
  /// What was not committed is lost; DEST.partial stays.
  ~LmdbWriter() override;

  /// DEST is finished and has the same head: nothing is left to do, nothing may be called but this.
  bool already_complete() const override { return complete_; }
  /// Records that are safe on disk (from earlier runs and commits of this one).
  uint64_t committed() const override { return committed_; }
  /// Records appended, committed or not.
  uint64_t size() const override;
  /// Where in the source to go on: behind the last committed record; 0 at the beginning.
  uint64_t resume_source_position() const override { return resume_source_position_; }

  void append(const PackedRecord& record) override;
  /// Makes what was appended safe. append() does so by itself every commit_bytes; the same records give the same file only where nobody else calls it.
  void commit() override;
  /// Commits, writes the index, syncs, renames. Throws kData where an id is missing or twice.
  void finish() override;

 private:
  struct Env;
  LmdbWriter(FileSystem& fs, std::string dest, LmdbWriterOptions options);
  bool look_at_dest();
  void prepare_partial();
  void refuse_foreign();
  void lock_partial();
  void start_env();
  void find_last_commit();
  void begin(uint64_t first_record_bytes);
  void put(const std::string& key, std::span<const std::byte> value);
  uint64_t free_bytes() const;
  void check(int rc, const char* doing);

  FileSystem& fs_;
  std::string dest_;
  std::string partial_;
  LmdbWriterOptions options_;
  std::unique_ptr<Env> env_;
  RecordChunk chunk_;  ///< appended, not committed
  uint64_t chunk_bytes_ = 0;
  uint64_t committed_ = 0;
  uint64_t resume_source_position_ = 0;
  bool complete_ = false;
  bool broken_ = false;
};

}  // namespace penstock::io
