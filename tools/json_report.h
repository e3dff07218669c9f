// Reports and other results of the engine as JSON.
#pragma once

#include "engine/data/batch.h"
#include "engine/run/report.h"
#include "tools/json.h"

namespace penstock::tools {

/// The keys of INTERFACE.md that a Report can tell.
Json json_of(const Report& report);
Json json_of(const Rejection& rejection);

}  // namespace penstock::tools
