#include "stages/image/registry.h"

#include "stages/image/decode.h"
#include "stages/image/flip.h"

namespace penstock::image {

void register_image_stages(StageRegistry& registry) {
  registry.add<Decode>("image.decode", "decodes JPEG and PNG, crops and resizes on the way");
  registry.add<Flip>("image.flip", "mirrors pictures left to right");
}

}  // namespace penstock::image
