// The CPU as a device: work is done in the calling thread, before the call returns.
#pragma once

#include "engine/base/clock.h"
#include "engine/device/device.h"

namespace penstock {

/// `memory_bytes` limits what allocate() gives (0: no limit). The clock measures busy_ns and must outlive the device.
std::unique_ptr<Device> make_cpu_device(uint64_t memory_bytes = 0, Clock& clock = Clock::system());

}  // namespace penstock
