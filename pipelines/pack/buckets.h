// The out-of-core shuffle: records scattered into files by where they are to stand, then each file put in order in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/file/append_file.h"
#include "io/file/file_system.h"

namespace penstock {

/// A record on its way through a shuffle.
struct ShuffledRecord {
  uint64_t place = 0;  ///< where it is to stand
  uint64_t id = 0;     ///< in the source
  int64_t label = -1;
  std::string name;
  std::vector<std::byte> bytes;
};

/// Files in FOLDER, one for each stretch of places; all of one fit in a quarter of memory_bytes. First every record is scattered, in the source's order; then the files are taken one
/// after the other. Both passes read and write front to back. A killed scattering goes on behind the last mark(). One thread.
class ShuffleBuckets {
 public:
  struct Plan {
    std::string folder;
    std::string identity;  ///< of source and options: what is there of another is thrown away
    uint64_t places = 0;
    uint64_t bytes = 0;  ///< of all records, about
    uint64_t memory_bytes =
        0;  ///< for the files' buffers while scattering, for one file's records afterwards; at least least_memory(bytes)
  };
  /// Takes up what a killed shuffle of the same identity left, else begins anew. Errors as require().
  ShuffleBuckets(io::FileSystem& fs, Plan plan);
  /// Throws kUsage where FOLDER holds anything that no shuffle left there, or memory_bytes is too small.
  static void require(io::FileSystem& fs, const Plan& plan);
  /// What a shuffle of so many bytes takes at least: as many files as may be open at once are made, and some of them are in memory at a time.
  static uint64_t least_memory(uint64_t bytes);
  /// Removes what a shuffle left at `folder`; leaves anything else as it is.
  static void remove_left_over(io::FileSystem& fs, const std::string& folder);

  /// Records of the source that were scattered and are safe.
  uint64_t scattered() const { return marked_; }
  /// Nothing is left to scatter.
  bool is_complete() const { return complete_; }
  void add(const ShuffledRecord& record, std::span<const std::byte> bytes);
  /// Makes all that was added safe: the first `source_position` records of the source are done. `complete`: they are all.
  void mark(uint64_t source_position, bool complete);
  /// Bytes added since the last mark.
  uint64_t unmarked_bytes() const { return unmarked_; }

  uint64_t count() const { return count_; }
  /// First place of a file's stretch.
  uint64_t first_place(uint64_t bucket) const;
  /// A file's records in the order of their places. Throws kData where it is damaged.
  std::vector<ShuffledRecord> take(uint64_t bucket) const;
  /// Removes everything.
  void remove();

 private:
  std::string path_of(uint64_t bucket) const;
  std::string mark_path() const { return io::join_path(plan_.folder, "mark.json"); }
  void resume();

  io::FileSystem& fs_;
  const Plan plan_;
  uint64_t count_ = 1;
  uint64_t marked_ = 0;
  uint64_t unmarked_ = 0;
  bool complete_ = false;
  std::vector<std::unique_ptr<io::File>> files_;
  std::vector<std::vector<std::byte>> buffers_;
  std::vector<uint64_t> sizes_;
  uint64_t buffer_bytes_ = 0;
};

}  // namespace penstock
