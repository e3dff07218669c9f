// The stages of this room.
#pragma once

#include "engine/graph/registry.h"

namespace penstock::classic {

void register_classic_stages(StageRegistry& registry);

}  // namespace penstock::classic
