// The logs of a run, read back.
#pragma once

#include <string>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::train {

/// The whole lines of a log; the last one may be under way, or cut off by a kill, and is left out. None where there is no file.
std::vector<std::string> log_lines(io::FileSystem& fs, const std::string& path);

}  // namespace penstock::train
