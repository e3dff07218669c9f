#include "stages/bytes/registry.h"

#include "stages/bytes/hash.h"

namespace penstock::bytes {

void register_bytes_stages(StageRegistry& registry) {
  registry.add<Hash>("bytes.hash", "XXH3-64 of the encoded record: for records that no stage decodes");
}

}  // namespace penstock::bytes
