// Runs the stage of vignette.h over batches on a device ("cpu" unless named) and checks what comes back.
#include <cstdio>
#include <cstring>
#include <vector>

#include "engine/device/devices.h"
#include "engine/graph/graph_spec.h"
#include "engine/graph/registry.h"
#include "engine/run/run.h"
#include "examples/gpu_stage/vignette.h"

using namespace penstock;

/// Grey pictures, all alike.
class Grey final : public Source {
 public:
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return 64; }
  uint64_t fingerprint() const override { return 1; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  bool waits() const override { return false; }
  Location locate(uint64_t id) const override { return {"grey", id, 0}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (size_t i = 0; i < ids.size(); ++i) std::memset(out.row(0, i), 200, 32 * 48 * 3);
  }

 private:
  Schema schema_{Field::fixed("pixels", DType::kU8, {32, 48, 3})};
};

int main(int count, char** words) try {
  const Grey source;
  Run run = Run::start(GraphSpec{}.bind(source.schema(), StageRegistry{}), source, {.seed = 1, .batch = 16});

  const auto device = open_device(count > 1 ? words[1] : "cpu");
  const auto stream = device->make_stream();
  std::vector<device::DeviceChain::Step> steps;
  steps.push_back({"vignette", std::make_unique<Vignette>()});
  device::DeviceChain chain(*device, source.schema(), std::move(steps), 16, 1);

  int batches = 0;
  for (const Batch& batch : run) {
    Event uploaded;
    const Tensor pixels = chain.run(*stream, batch, uploaded)["pixels"];
    std::vector<uint8_t> back(pixels.bytes);
    stream->copy(back.data(), pixels.data, pixels.bytes);
    stream->synchronize();
    const uint8_t corner = back[0], middle = back[(16 * 48 + 24) * 3];
    std::printf("batch %d on %s: corner %d, middle %d\n", batches++, device->name().data(), corner, middle);
    if (corner >= middle || middle < 190) return 1;
  }
  return batches == 4 ? 0 : 1;
} catch (const Error& e) {
  std::fprintf(stderr, "gpu_stage: %s\n", e.what());
  return e.code() == Code::kDevice ? 77 : 1;  // 77: skipped, there is no such device
}
