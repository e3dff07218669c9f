// What a training took of memory, over all its starts.
#pragma once

#include <cstdint>

#include "io/file/file_system.h"
#include "pipelines/train/run_directory.h"

namespace penstock::train {

/// Resident bytes of this process at their highest (getrusage(2)), or what RUN/report.json says of the starts before, whichever is more: a start that finds all done takes
/// next to nothing. A report that is missing or damaged says nothing.
uint64_t peak_rss_bytes(io::FileSystem& fs, const RunPaths& paths);

}  // namespace penstock::train
