#include "engine/device/device.h"

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock {

std::string Device::memory_text() {
  const std::string largest = holders_.largest_text();
  return bytes_text(budgets().used(tier())) + " of " + bytes_text(memory_limit()) + " in use" +
         (largest.empty() ? "" : "; the largest: " + largest);
}

DeviceBuffer Device::allocate(uint64_t bytes, std::string_view holder) {
  auto credit = budgets().try_take(Need::of(tier(), bytes));
  if (!credit) {
    throw Error(Code::kMemory, std::string(name()) + " is out of memory: " + bytes_text(bytes) + " wanted for " +
                                   std::string(holder) + ", " + memory_text())
        .hint(
            "use a smaller batch, make the largest smaller (budget.gpu_cache is the image cache's), or give the device "
            "more with \"" +
            std::string(name()) + ",memory=...\" or budget.gpu");
  }
  DeviceBuffer buffer = allocate(bytes, std::move(*credit));
  buffer.keep(holders_.enter(holder, bytes));
  return buffer;
}

}  // namespace penstock
