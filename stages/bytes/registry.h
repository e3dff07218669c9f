// The stages of this room.
#pragma once

#include "engine/graph/registry.h"

namespace penstock::bytes {

void register_bytes_stages(StageRegistry& registry);

}  // namespace penstock::bytes
