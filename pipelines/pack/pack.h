// Any data set into any format, checked record by record, going on where it was killed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/mpi/process_group.h"
#include "engine/run/cores.h"
#include "io/data/dataset.h"
#include "io/file/file_system.h"
#include "pipelines/job/progress.h"
#include "pipelines/pack/repack.h"

namespace penstock {

struct PackOptions {
  std::string dest;             ///< what does not exist yet, or what this very packing left there
  std::string format = "lmdb";  ///< see io::packed_formats()
  RepackOptions encoding = {};  ///< how each record is stored
  /// Encode::kMixed: bytes of DEST, at most (about: the choice is made by a sample). Must be given.
  std::optional<uint64_t> budget_bytes = {};
  /// Encode::kMixed: what the disk gives; no more records are stored raw than it can feed to the cores. 0: it is never the limit.
  double disk_bytes_per_second = 0;
  bool shuffle = false;  ///< on disk: full shuffle, keyed by `seed`; record ids stay
  uint64_t seed = 1;
  bool checked = true;  ///< records are pictures, each decoded in full; else they are copied as they are
  /// Of a shuffle: records and buffers in RAM; nothing: 1 GiB, or a 128th of the source where that is more, which is the least. Decides nothing about the records.
  std::optional<uint64_t> memory_bytes = {};
  /// A commit each so many bytes: what a killed run packs again, at most. Decides nothing about the records.
  uint64_t commit_bytes = uint64_t{16} << 20;
  /// That share the reading, decoding and encoding; null: this one alone. All give the same source and options; DEST is the root's alone, the
  /// one that writes, and so are the counts of the result. The records are the same with any number of processes.
  ProcessGroup* processes = nullptr;
};

/// A record that was left out.
struct RejectedRecord {
  uint64_t id = 0;  ///< in the source
  std::string name;
  std::string file;
  uint64_t offset = 0;
  std::string reason;
};

struct PackResult {
  bool already_complete = false;
  uint64_t records = 0;                  ///< in DEST
  uint64_t already = 0;                  ///< of them packed by earlier runs
  uint64_t source_bytes = 0;             ///< read by this run
  uint64_t dest_bytes = 0;               ///< encoded bytes of the records that this run packed
  uint64_t kept = 0;                     ///< of those: left as they were, for they cannot be indexed
  uint64_t raw = 0;                      ///< of those: stored as pixels
  std::vector<RejectedRecord> rejected;  ///< all of DEST, those of earlier runs too
  std::string rejected_file;             ///< DEST.rejected.jsonl; "" where nothing was rejected
};

/// Packs. Every picture is decoded in full, on `cores`, while the next are read and the ones before are written; a bad one is left
/// out and listed in DEST.rejected.jsonl. Record ids are the places among the good records, in the source's order. The same source
/// and options give the same records, however often it was stopped. The source is read once, in the order of its ids: front to back where it is
/// stored in that order, as all but what `shuffle` made are. With `shuffle` it goes into DEST.shuffle/ (ShuffleBuckets), which is removed at the end.
///
/// Errors: kUsage where something else is at DEST; kIo where there is not room enough (before anything is written) or a disk fails;
/// kCancelled where `stop` was requested. After each of them but the first the same call goes on.
PackResult pack(const io::Dataset& source, const PackOptions& options, Cores& cores, ProgressSink& progress,
                std::stop_token stop = {}, io::FileSystem& fs = io::FileSystem::real());

/// Adds the records of `source` behind those of the LMDB at options.dest: writes both anew beside it, then swaps the folders, so
/// that DEST is the old or the new one at any moment (where the file system cannot exchange two names: or missing between two
/// renames, which the same call mends). Adding the same source again does nothing and says so.
/// Needs room for both. One process. Errors as pack.
PackResult append_pack(std::shared_ptr<const io::Dataset> source, const PackOptions& options, Cores& cores,
                       ProgressSink& progress, std::stop_token stop = {}, io::FileSystem& fs = io::FileSystem::real());

}  // namespace penstock
