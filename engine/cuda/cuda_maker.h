// The kind "cuda" of device.
#pragma once

#include "engine/device/devices.h"

namespace penstock {

/// "cuda:0", "cuda:1,memory=20GiB". Without a driver it lists nothing and says why.
DeviceMaker cuda_maker();

}  // namespace penstock
