// Reads all of a table and checks every checksum there is.
#pragma once

#include <stop_token>

#include "engine/run/cores.h"
#include "io/table/table.h"
#include "pipelines/inspect/verify.h"
#include "pipelines/job/progress.h"

namespace penstock {

/// `damaged` names pieces whose bytes are wrong (id: their first row) and rows that cannot be read, by row; of the latter only the first kFaultsLocated have an
/// offset, since finding it reads their piece anew. `with_checksum` is 0: formats check what they can. Blocks. Error kCancelled, kIo as verify().
VerifyResult verify_table(const io::Table& table, Cores& cores, ProgressSink& progress, std::stop_token stop = {});

inline constexpr size_t kFaultsLocated = 1000;

}  // namespace penstock
