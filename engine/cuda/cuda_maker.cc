#include "engine/cuda/cuda_maker.h"

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/cuda_machine.h"

namespace penstock {

DeviceMaker cuda_maker() {
  DeviceMaker maker;
  maker.kind = "cuda";
  maker.open = [](const DeviceSpec& spec, Clock&) {
    uint64_t memory_bytes = 0;
    for (const auto& [key, value] : spec.options) {
      const auto size = parse_bytes(value);
      if (key != "memory" || !size || size->bytes == 0)
        throw Error(Code::kUsage, "'" + spec.text + "' names no device: of cuda there is the option memory, a size")
            .hint("write cuda:0,memory=20GiB");
      memory_bytes = size->bytes;
    }
    return make_cuda_device(spec.index, memory_bytes);
  };
  maker.list = list_cuda;
  maker.why_none = [] { return look_for_cuda().why_none; };
  return maker;
}

}  // namespace penstock
