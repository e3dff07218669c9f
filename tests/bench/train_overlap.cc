// Is anything lost between decoding and training? Seconds an image of the step alone, of decoding alone, and of both
// together on the same cores: 1 / (step + decode) is what two jobs in turn would reach.
//   train_overlap DATA [rounds = 5] [threads = cores] [steps = 60]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "engine/run/run.h"
#include "io/data/open.h"
#include "pipelines/job/job.h"
#include "pipelines/recipe/load.h"
#include "stages/learn/learner.h"

namespace penstock {
namespace {

constexpr uint64_t kBatch = 32;

struct Bench {
  std::unique_ptr<io::Dataset> data;
  Graph graph;
  std::shared_ptr<Cores> cores;
  learn::Learner learner;
  uint64_t steps;

  Run start(uint64_t count) const {
    RunOptions options{.seed = 1, .batch = kBatch, .epochs = UINT64_MAX, .steps = count, .cores = cores};
    options.faults = {.on_fault = OnFault::kReplace, .budget = 100};
    return Run::start(graph, *data, options);
  }
};

double seconds_since(int64_t begin_ns) { return static_cast<double>(Clock::system().now_ns() - begin_ns) * 1e-9; }

/// Seconds an image.
double step_alone(Bench& bench) {
  Run run = bench.start(1);
  const Batch batch = run.next();
  run.wait();
  for (int i = 0; i < 3; ++i) bench.learner.step(batch);
  const int64_t begin = Clock::system().now_ns();
  for (uint64_t i = 0; i < bench.steps; ++i) bench.learner.step(batch);
  return seconds_since(begin) / static_cast<double>(bench.steps * kBatch);
}

double decode_alone(Bench& bench) {
  const uint64_t steps = bench.steps * 4;
  const int64_t begin = Clock::system().now_ns();
  Run run = bench.start(steps);
  while (run.next()) {}
  return seconds_since(begin) / static_cast<double>(steps * kBatch);
}

double together(Bench& bench) {
  Run run = bench.start(bench.steps + 3);
  for (int i = 0; i < 3; ++i) bench.learner.step(run.next());
  const int64_t begin = Clock::system().now_ns();
  while (Batch batch = run.next()) bench.learner.step(batch);
  return seconds_since(begin) / static_cast<double>(bench.steps * kBatch);
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) try {
  using namespace penstock;
  const auto arg = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  if (argc < 2) {
    std::fprintf(stderr, "usage: train_overlap DATA [rounds] [threads] [steps]\n");
    return 2;
  }
  auto data = io::open(argv[1]);
  const pipelines::Recipe recipe = pipelines::load_recipe("imagenette-resnet18");
  const unsigned threads = argc > 3 ? static_cast<unsigned>(arg(3, 1)) : Cores::available();
  learn::LearnerConfig config;
  config.net.arch = "resnet18";
  config.net.classes = static_cast<int64_t>(data->class_names().size());
  config.threads = static_cast<int>(threads);
  config.schedule.total_steps = 1'000'000;
  Graph graph = bind_graph(recipe, *data, Mode::kTrain);
  Bench bench{std::move(data), std::move(graph), std::make_shared<Cores>(threads, true), learn::Learner(config),
              static_cast<uint64_t>(arg(4, 60))};
  std::vector<double> ratios;
  for (int round = 0; round < arg(2, 5); ++round) {
    const double step = step_alone(bench);
    const double decode = decode_alone(bench);
    const double both = together(bench);
    ratios.push_back((step + decode) / both);
    std::printf("round %d: step %.3f ms, decode %.3f ms, both %.3f ms an image: %.3f of 1 / (step + decode)\n",
                round + 1, step * 1e3, decode * 1e3, both * 1e3, ratios.back());
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("train: median %.3f (min %.3f, max %.3f) of 1 / (step + decode)  (>= 0.95)\n", ratios[ratios.size() / 2],
              ratios.front(), ratios.back());
  return 0;
} catch (const penstock::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
