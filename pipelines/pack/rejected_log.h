// DEST.rejected.jsonl: the records that packing left out, a line each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/file/file_system.h"
#include "pipelines/pack/pack.h"

namespace penstock {

/// Keeps what was rejected in memory and on disk; each line is safe before the next record is packed. One thread.
class RejectedLog {
 public:
  /// Reads what an earlier run left, but for records from `from` on (they will be judged again); with from 0, removes it.
  RejectedLog(io::FileSystem& fs, const std::string& dest, uint64_t from);

  void add(RejectedRecord record);
  const std::vector<RejectedRecord>& records() const { return records_; }
  /// "" where there is none.
  std::string path() const { return records_.empty() ? "" : path_; }

  /// Of a packing that is finished.
  static std::vector<RejectedRecord> read(io::FileSystem& fs, const std::string& dest);
  /// All at once, in place of what is there; removes it where there is none.
  static void write(io::FileSystem& fs, const std::string& dest, const std::vector<RejectedRecord>& records);
  static std::string path_of(const std::string& dest);

 private:
  io::FileSystem& fs_;
  std::string path_;
  std::vector<RejectedRecord> records_;
};

}  // namespace penstock
