#include "examples/gpu_stage/vignette.h"

#include "stages/device/each.h"

penstock::Bound Vignette::bind(const penstock::Schema& in) const {
  return {.reads = {"pixels"}, .writes = {in.require("pixels", "vignette")}, .draws = true};
}

void Vignette::run(penstock::device::DeviceBatchView& batch) const {
  const penstock::Tensor pixels = batch.out(0);
  const auto strength = static_cast<float>(batch.draws().uniform(0.2, 0.8));
  const VignetteJob job{reinterpret_cast<uint8_t*>(pixels.data), pixels.shape[1], pixels.shape[2], strength};
  penstock::device::each(batch.stream(), static_cast<int64_t>(pixels.bytes), job);
}
