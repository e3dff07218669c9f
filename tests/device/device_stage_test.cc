#include "stages/device/device_stage.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/graph/graph_spec.h"
#include "stages/device/no_gpu.h"
#include "tests/device/on_device.h"
#include "tests/image/pixel_source.h"

namespace penstock::device {
namespace {

/// Adds `more` to the pixels, in place, and a number drawn for the batch.
struct AddJob {
  uint8_t* pixels;
  uint8_t more;
  constexpr void operator()(int64_t i) const { pixels[i] = static_cast<uint8_t>(pixels[i] + more); }
};
/// sums[n] = sum of the picture's pixels.
struct SumJob {
  const uint8_t* pixels;
  int64_t each;
  float* sums;
  constexpr void operator()(int64_t n) const {
    float sum = 0;
    for (int64_t i = 0; i < each; ++i) sum += pixels[n * each + i];
    sums[n] = sum;
  }
};

class Add final : public DeviceStage {
 public:
  Bound bind(const Schema& in) const override {
    return {.reads = {"pixels"}, .writes = {in.require("pixels", "add")}, .draws = true};
  }
  void run(DeviceBatchView& batch) const override {
    EXPECT_EQ(batch.in(0).data, batch.out(0).data);
    const auto more = static_cast<uint8_t>(batch.draws().below(200));
    each(batch.stream(), static_cast<int64_t>(batch.out(0).bytes),
         AddJob{reinterpret_cast<uint8_t*>(batch.out(0).data), more});
  }
};

class Sum final : public DeviceStage {
 public:
  Bound bind(const Schema&) const override {
    return {.reads = {"pixels"}, .writes = {Field::fixed("sum", DType::kF32)}, .drops = {"label"}};
  }
  void run(DeviceBatchView& batch) const override {
    const Tensor pixels = batch.in(0);
    each(batch.stream(), static_cast<int64_t>(batch.count()),
         SumJob{reinterpret_cast<const uint8_t*>(pixels.data), static_cast<int64_t>(pixels.bytes / batch.count()),
                reinterpret_cast<float*>(batch.out(0).data)});
  }
};

class Ragged final : public DeviceStage {
 public:
  Bound bind(const Schema&) const override { return {.writes = {Field::ragged("boxes", DType::kF32, {4}, 8)}}; }
  void run(DeviceBatchView&) const override {}
};

std::vector<DeviceChain::Step> steps_of(std::unique_ptr<DeviceStage> a, std::unique_ptr<DeviceStage> b = nullptr) {
  std::vector<DeviceChain::Step> steps;
  steps.push_back({"a", std::move(a)});
  if (b) steps.push_back({"b", std::move(b)});
  return steps;
}

const image::PixelSource kSource(20, 5, 4, [](uint64_t id, size_t i) { return static_cast<uint8_t>(id * 3 + i); });

using DeviceChainOn = OnDevice;

TEST_P(DeviceChainOn, RunsStagesOnUploadedBatchesWithTheirDraws) {
  DeviceChain chain(*device_, kSource.schema(), steps_of(std::make_unique<Add>(), std::make_unique<Sum>()), 8, 7);
  EXPECT_EQ(chain.schema().find("label"), nullptr);
  EXPECT_EQ(chain.schema().require("sum", "a test"), Field::fixed("sum", DType::kF32));
  penstock::Run run = penstock::Run::start(GraphSpec{}.bind(kSource.schema(), StageRegistry{}), kSource,
                                           {.seed = 7, .last = Last::kKeep, .batch = 8});
  int batches = 0;
  for (const Batch& batch : run) {
    ++batches;
    Event uploaded;
    const DeviceFields fields = chain.run(*stream_, batch, uploaded);
    uploaded.synchronize();
    const auto more = static_cast<uint8_t>(Draws(7, batch.epoch(), batch.first_position(), draw_key("a")).below(200));
    const auto sums = back<float>(fields["sum"].data, batch.size());
    EXPECT_EQ(fields["pixels"].shape, (std::vector<int64_t>{static_cast<int64_t>(batch.size()), 4, 5, 3}));
    for (size_t n = 0; n < batch.size(); ++n) {
      float wanted = 0;
      for (const uint8_t v : kSource.pixels(batch.ids()[n])) wanted += static_cast<uint8_t>(v + more);
      EXPECT_EQ(sums[n], wanted);
    }
    EXPECT_THROW(fields["label"], Error);
  }
  EXPECT_EQ(batches, 3);
}

TEST_P(DeviceChainOn, RefusesFieldsThatADeviceDoesNotHold) {
  try {
    const DeviceChain chain(*device_, kSource.schema(), steps_of(std::make_unique<Ragged>()), 8, 7);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kUsage);
    EXPECT_NE(std::string(e.what()).find("a makes boxes f32 (N, <=8, 4), and on a device fields are fixed"),
              std::string::npos)
        << e.what();
  }
  EXPECT_THROW(DeviceChain(*device_, Schema{}, steps_of(std::make_unique<Add>()), 8, 7), Error);
}

INSTANTIATE_TEST_SUITE_P(Here, DeviceChainOn, testing::Values("cpu", "sim:0"), device_word);

}  // namespace
}  // namespace penstock::device
