#include "engine/device/device.h"

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock {

DeviceBuffer Device::allocate(uint64_t bytes) {
  auto credit = budgets().try_take(Need::of(tier(), bytes));
  if (!credit) {
    throw Error(Code::kMemory, std::string(name()) + " is out of memory: " + bytes_text(bytes) + " wanted, " +
                                   bytes_text(budgets().used(tier())) + " of " + bytes_text(memory_limit()) + " in use")
        .hint("use a smaller batch");
  }
  return allocate(bytes, std::move(*credit));
}

}  // namespace penstock
