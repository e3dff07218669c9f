// Nearest rows and nearest centres on a GPU, beside cuBLAS' products of the same shapes in the same run.
#pragma once

#include "engine/device/device.h"

namespace penstock::bench {

/// Prints lines as row() of timing.h does. Device 0; `stream` is one of its own. Takes 1 GiB of the GPU's memory.
void classic_rates(Stream& stream);

}  // namespace penstock::bench
