// Reads everything of a data set, checks every checksum, decodes every image in full.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/run/cores.h"
#include "io/data/dataset.h"
#include "pipelines/job/progress.h"

namespace penstock {

struct DamagedRecord {
  uint64_t id = 0;
  std::string name;  ///< that the source gave it
  std::string file;
  uint64_t offset = 0;
  std::string reason;
};

struct VerifyResult {
  uint64_t records = 0;  ///< looked at
  uint64_t bytes = 0;
  uint64_t with_checksum = 0;          ///< whose bytes were compared with a stored checksum
  std::vector<DamagedRecord> damaged;  ///< by id
};

/// Blocks; `cores` decode while the next records are read. Error kCancelled where `stop` is requested, kIo where a disk fails.
VerifyResult verify(const io::Dataset& data, Cores& cores, ProgressSink& progress, std::stop_token stop = {});

}  // namespace penstock
