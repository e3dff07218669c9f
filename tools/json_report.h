// Reports and other results of the engine as JSON.
#pragma once

#include "engine/data/batch.h"
#include "engine/run/report.h"
#include "tools/json.h"

namespace penstock::tools {

/// The keys of INTERFACE.md that a Report can tell.
Json json_of(const Report& report);
/// `records`: of the data set, for the least misses of a tier that keeps some of them.
Json json_of(const TierUse& tier, uint64_t records);
Json json_of(const Rejection& rejection);

}  // namespace penstock::tools
