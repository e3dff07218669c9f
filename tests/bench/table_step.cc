// The training step of a small network of rows alone: microseconds a row. 20 columns of codes, 20 of numbers, layers [200, 100], f32.
//   bench_table_step [threads]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "stages/learn/learner.h"

namespace {

using namespace penstock;

constexpr int64_t kColumns = 20, kNumbers = 20;
constexpr int kWarmUp = 20, kSteps = 200, kRounds = 5;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Median of the rounds, of their mean step.
double step_seconds(const char* arch, int64_t batch, int threads) {
  learn::LearnerConfig config;
  config.net = {.arch = arch, .classes = 1};
  for (int64_t c = 0; c < kColumns; ++c) config.net.table.cardinalities.push_back(4 << (c % 9));  // 4 to 1024
  config.net.table.numbers = kNumbers;
  config.task = Task::kRegression;
  config.schedule = {.kind = learn::ScheduleKind::kConstant, .lr = 1e-3, .total_steps = 100000};
  config.precision = learn::Precision::kF32;
  config.threads = threads;
  learn::Learner learner(config);
  std::vector<int32_t> cat(static_cast<size_t>(batch * kColumns));
  std::vector<float> cont(static_cast<size_t>(batch * kNumbers)), targets(static_cast<size_t>(batch));
  for (size_t i = 0; i < cat.size(); ++i)
    cat[i] =
        static_cast<int32_t>(i * 2654435761u % static_cast<uint64_t>(config.net.table.cardinalities[i % kColumns]));
  for (size_t i = 0; i < cont.size(); ++i) cont[i] = static_cast<float>(i * 7919 % 1000) / 500 - 1;
  for (size_t i = 0; i < targets.size(); ++i) targets[i] = cont[i * kNumbers];
  const learn::TableRows rows{cat.data(), cont.data(), batch, kColumns, kNumbers};
  std::vector<double> rounds;
  for (int round = -1; round < kRounds; ++round) {
    const int steps = round < 0 ? kWarmUp : kSteps;
    const double began = seconds_now();
    for (int step = 0; step < steps; ++step) learner.step(rows, targets);
    if (round >= 0) rounds.push_back((seconds_now() - began) / steps);
  }
  std::sort(rounds.begin(), rounds.end());
  std::printf("%-8s batch %5lld, %d threads: %7.1f us a step (%.1f to %.1f), %.3f us a row\n", arch,
              static_cast<long long>(batch), threads, rounds[kRounds / 2] * 1e6, rounds.front() * 1e6,
              rounds.back() * 1e6, rounds[kRounds / 2] * 1e6 / static_cast<double>(batch));
  return rounds[kRounds / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
  for (const int64_t batch : {256, 1024, 4096}) step_seconds("tabular", batch, threads);
  step_seconds("dlrm", 1024, threads);
  step_seconds("fm", 1024, threads);
}
