// The checkpoints of a run: FOLDER/step-N.ckpt, the last few of them, and FOLDER/best.ckpt. No torch here.
//
// A file is one frame: what the run says about itself (metadata, mostly JSON), the state as opaque bytes, and a checksum of
// the whole; integers are little-endian.
//   "PENSTCKP" | u32 version 1 | u32 0 | u64 step | u64 metadata bytes | u64 state bytes | metadata | state | u64 XXH3-64 of all before
// It appears complete or not at all (io/file/atomic_file.h), and whoever reads it checks the checksum first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::learn {

struct Checkpoint {
  uint64_t step = 0;             ///< steps done
  std::string metadata;          ///< as given
  std::vector<std::byte> state;  ///< as given, e.g. Learner::save()
  std::string path;
};

/// Reads one file. Throws Error kData that says what is damaged, kIo where it cannot be read.
Checkpoint read_checkpoint(io::FileSystem& fs, const std::string& path);

/// One writer a folder; one thread. The file system must outlive it.
class CheckpointStore {
 public:
  /// `warn` gets a line for what is skipped or could not be tidied. Makes the folder at the first save; touches nothing before.
  /// Throws Error kUsage where `keep` is 0.
  CheckpointStore(io::FileSystem& fs, std::string folder, size_t keep, std::function<void(const std::string&)> warn);

  /// Writes step-N.ckpt, then removes all but the `keep` newest up to N (later ones, which a damaged file may be, stay until
  /// the run has passed them) and what a killed writer left unfinished. Throws Error kIo, the disk being full among others:
  /// then the older ones are as they were.
  void save(uint64_t step, std::string_view metadata, std::span<const std::byte> state);
  /// The same as best.ckpt, replacing the one before.
  void save_best(uint64_t step, std::string_view metadata, std::span<const std::byte> state);

  /// The newest one that is whole; damaged ones are named to `warn` and passed over. None where there is no checkpoint.
  /// Throws Error kData where there are some and none is whole.
  std::optional<Checkpoint> load_newest() const;
  /// best.ckpt; none where there is none. A damaged one throws Error kData.
  std::optional<Checkpoint> load_best() const;

  /// Steps that have a file, in ascending order.
  std::vector<uint64_t> steps() const;
  std::string path_of(uint64_t step) const;
  std::string best_path() const;

 private:
  void write(const std::string& path, uint64_t step, std::string_view metadata, std::span<const std::byte> state);
  void tidy(uint64_t newest);

  io::FileSystem& fs_;
  std::string folder_;
  size_t keep_;
  std::function<void(const std::string&)> warn_;
};

}  // namespace penstock::learn
