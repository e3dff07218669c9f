// The costly part of packing: records read, decoded and encoded, by one process or by several.
#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/run/cores.h"
#include "io/data/dataset.h"
#include "pipelines/job/read_ahead.h"
#include "pipelines/job/together.h"
#include "pipelines/pack/repack.h"

namespace penstock {

/// A record as it is to be stored, or why it is left out.
struct WorkedRecord {
  uint64_t id = 0;  ///< in the source
  int64_t label = -1;
  uint64_t source_bytes = 0;
  bool is_kept = false;              ///< RepackedPicture::is_kept
  std::string fault;                 ///< "" where it is good
  std::span<const std::byte> bytes;  ///< good as long as its chunk
};

/// Neighbouring records of the source, and what their bytes lie in.
struct WorkedChunk {
  std::vector<WorkedRecord> records;
  RawChunk raw;
  std::vector<RepackedPicture> pictures;
  std::vector<std::string> messages;  ///< of other processes
};

struct WorkOptions {
  RepackOptions encoding = {};
  bool checked = true;  ///< records are pictures, each decoded in full; else they are copied as they are
  uint64_t from = 0;    ///< the first record
};

/// All records from options.from on, in the source's order. Chunk k is worked on by process k mod M, on its `cores`, while the root
/// writes those of the round before; each process holds about four chunks, the root one more for each process. One thread; a call of all
/// processes. What is passed in must outlive it.
class WorkedChunks {
 public:
  WorkedChunks(const io::Dataset& source, const WorkOptions& options, Cores& cores, Together& together);
  ~WorkedChunks();

  /// The next round, at the root: a chunk of each process, in order; elsewhere its own, if any. Nothing at the end, in all.
  /// Throws in all what reading threw in one; kUsage where the processes have different data.
  std::optional<WorkedChunk> next();

 private:
  void start();
  WorkedChunk work_on_next();
  void require_next(uint64_t id);

  const io::Dataset& source_;
  const WorkOptions options_;
  Cores& cores_;
  Together& together_;
  ReadAhead reader_;
  uint64_t expected_;  ///< id of the next record, at the root
  std::future<WorkedChunk> coming_;
};

}  // namespace penstock
