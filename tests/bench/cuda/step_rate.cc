// What the training step alone reaches: the same batch of u8 pixels again and again, in the device's memory already. One JSON object.
//   step_rate DEVICE NET BATCH SIDE [SECONDS = 20] [graph | eager]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/device/devices.h"
#include "stages/learn/learner.h"

namespace penstock::bench {
namespace {

constexpr int kSteps = 10;              // of a round
constexpr double kMeasuredFrom = 0.25;  // of the time: before, libraries choose and the step is recorded

struct Options {
  std::string device, net;
  int64_t batch = 0, side = 0;
  double seconds = 20;
  bool graph = true;
};

void run(const Options& options) {
  const auto device = open_device(options.device);
  const auto stream = device->make_stream();
  learn::LearnerConfig config;
  config.net = {.arch = options.net, .classes = 1000};
  config.optimiser = {.kind = learn::OptimiserKind::kSgd, .weight_decay = 1e-4};
  config.schedule = {.kind = learn::ScheduleKind::kConstant, .lr = 1e-3, .total_steps = 1 << 30};
  config.label_smoothing = 0.1;
  config.capture = options.graph ? learn::Capture::kOnGpu : learn::Capture::kNever;
  if (stream->native_handle() != nullptr) {
    config.device = device.get();
    config.stream = stream.get();
  }
  learn::Learner learner(config);
  const int64_t bytes = options.batch * options.side * options.side * 3;
  std::vector<uint8_t> pixels(static_cast<size_t>(bytes));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < options.batch; ++i) labels.push_back(i * 37 % 1000);
  DeviceBuffer there = device->allocate(static_cast<uint64_t>(bytes), "pixels of the bench");
  stream->copy(there.data(), pixels.data(), there.size());
  stream->synchronize();
  const learn::Images images{reinterpret_cast<const uint8_t*>(there.data()), options.batch, options.side, options.side,
                             3};

  const Clock& clock = Clock::system();
  const double began = clock.now_seconds();
  std::vector<double> rates;
  for (double now = began; now < began + options.seconds || rates.size() < 3;) {
    for (int i = 0; i < kSteps; ++i) learner.step(images, labels);
    const double then = now;
    now = clock.now_seconds();
    if (then - began >= kMeasuredFrom * options.seconds)
      rates.push_back(static_cast<double>(kSteps * options.batch) / (now - then));
  }
  std::sort(rates.begin(), rates.end());
  std::printf(
      "{\"images_per_second\": %.1f, \"least\": %.1f, \"most\": %.1f, \"rounds\": %zu, \"device\": \"%s\", "
      "\"step_graph\": \"%s\"}\n",
      rates[rates.size() / 2], rates.front(), rates.back(), rates.size(), options.device.c_str(),
      learner.step_graph_text().c_str());
}

}  // namespace
}  // namespace penstock::bench

int main(int count, char** words) try {
  if (count < 5) {
    std::fprintf(stderr, "usage: step_rate DEVICE NET BATCH SIDE [SECONDS] [graph|eager]\n");
    return 2;
  }
  penstock::bench::run({.device = words[1],
                        .net = words[2],
                        .batch = std::atoll(words[3]),
                        .side = std::atoll(words[4]),
                        .seconds = count > 5 ? std::atof(words[5]) : 20,
                        .graph = count <= 6 || std::strcmp(words[6], "eager") != 0});
  return 0;
} catch (const penstock::Error& e) {
  std::fprintf(stderr, "step_rate: %s\n", e.what());
  return 1;
}
