// The stages of this room, by name.
#pragma once

#include "engine/graph/registry.h"

namespace penstock::image {

/// image.decode, image.flip and the stages of augment/.
void register_image_stages(StageRegistry& registry);

}  // namespace penstock::image
