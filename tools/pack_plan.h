// What `penstock pack --plan` says.
#pragma once

#include <string>

#include "pipelines/pack/pack.h"
#include "tools/json_output.h"

namespace penstock::tools {

/// Adds what packing `data` would take to `words`, and to `parts` as one object. Reads a sample of it.
void say_plan(const io::Dataset& data, const PackOptions& options, Cores& cores, std::string& words, Json& parts);

}  // namespace penstock::tools
