// What bringing rows of a large embedding costs a step of DLRM, read in the step and brought ahead, in turn.
//   rows_bench [ROWS [BATCH [BLOCKS [THREADS]]]]     20000000 2048 9 1
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "engine/base/clock.h"
#include "stages/learn/distinct_codes.h"
#include "stages/learn/learner.h"

namespace {

using namespace penstock;         // NOLINT
using namespace penstock::learn;  // NOLINT

constexpr int64_t kNumbers = 13;
constexpr size_t kSteps = 12;  // of a block; its first is not counted
constexpr int64_t kColumns = 8;

/// Three quarters of the codes of the large tables are uniform, a quarter come often, as of a long tail.
struct Drawn {
  std::vector<int32_t> cat;
  std::vector<float> cont, targets;
  TableRows view() const { return {cat.data(), cont.data(), static_cast<int64_t>(targets.size()), kColumns, kNumbers}; }
};

Drawn batch_of(const std::vector<int64_t>& cardinalities, size_t records, std::mt19937_64& random) {
  Drawn out;
  std::uniform_real_distribution<double> unit(0, 1);
  for (size_t n = 0; n < records; ++n) {
    for (const int64_t cardinality : cardinalities) {
      const double reach = unit(random) < 0.25 ? 1000 : static_cast<double>(cardinality);
      out.cat.push_back(static_cast<int32_t>(std::min(unit(random) * reach, static_cast<double>(cardinality) - 1)));
    }
    for (int64_t d = 0; d < kNumbers; ++d) out.cont.push_back(static_cast<float>(unit(random)));
    out.targets.push_back(unit(random) < 0.3 ? 1.0F : 0.0F);
  }
  return out;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void show(const char* what, const std::vector<double>& ms, const RowsBrought& rows) {
  const auto [least, most] = std::ranges::minmax(ms);
  const double all = 1e-3 * static_cast<double>(rows.batches) * median(ms);
  std::printf(
      "%-22s %7.2f ms a step (%.2f to %.2f); getting rows %.2f ms = %.1f %%, writing them %.2f ms = %.1f %%; "
      "the thread %.2f ms; read again %.1f %% of %.0f rows\n",
      what, median(ms), least, most, 1e3 * rows.step_seconds / static_cast<double>(rows.batches),
      100 * rows.step_seconds / all, 1e3 * rows.update_seconds / static_cast<double>(rows.batches),
      100 * rows.update_seconds / all, 1e3 * rows.ahead_seconds / static_cast<double>(rows.batches),
      100.0 * static_cast<double>(rows.rows_again) / static_cast<double>(rows.rows),
      static_cast<double>(rows.rows) / static_cast<double>(rows.batches));
}

RowsBrought since(RowsBrought now, const RowsBrought& before) {
  now.ahead_seconds -= before.ahead_seconds;
  now.step_seconds -= before.step_seconds;
  now.update_seconds -= before.update_seconds;
  now.batches -= before.batches;
  now.batches_ahead -= before.batches_ahead;
  now.rows -= before.rows;
  now.rows_again -= before.rows_again;
  return now;
}

void show_distinct(std::mt19937_64& random) {
  std::vector<uint64_t> scratch;
  std::vector<int32_t> distinct;
  for (const size_t count : {4096UL, 65536UL, 1048576UL}) {
    std::vector<int32_t> codes(count), places(count);
    for (int32_t& code : codes) code = static_cast<int32_t>(random() % 20000000);
    std::vector<double> ns;
    for (int i = 0; i < 9; ++i) {
      const double began = Clock::system().now_seconds();
      distinct_codes(codes.data(), static_cast<int64_t>(count), 1, places.data(), distinct, scratch);
      ns.push_back(1e9 * (Clock::system().now_seconds() - began) / static_cast<double>(count));
    }
    std::printf("distinct codes of %7zu: %.1f ns each\n", count, median(ns));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, int64_t otherwise) { return argc > i ? std::atoll(argv[i]) : otherwise; };
  const int64_t rows = argument(1, 20000000);
  const auto records = static_cast<size_t>(argument(2, 2048)), blocks = static_cast<size_t>(argument(3, 9));
  std::mt19937_64 random(7);
  show_distinct(random);

  LearnerConfig config;
  config.net = {.arch = "dlrm", .classes = 1};
  config.net.table = {.cardinalities = {rows, std::max<int64_t>(rows / 20, 10), 100000, 10000, 5000, 1000, 100, 10},
                      .numbers = kNumbers,
                      .widths = {16},
                      .layers = {512, 256},
                      .bottom = {512, 256}};
  config.task = Task::kBinary;
  config.schedule = {.lr = 1e-3, .total_steps = 100000};
  config.precision = Precision::kF32;
  config.threads = static_cast<int>(argument(4, 1));
  config.sparse_rows = std::min<int64_t>(rows, 1000);
  Learner learner(config);

  std::vector<Drawn> batches;
  for (size_t i = 0; i < 64; ++i) batches.push_back(batch_of(config.net.table.cardinalities, records, random));
  std::vector<double> ms[2];
  RowsBrought sums[2];
  for (size_t block = 0; block < 2 * blocks; ++block) {
    const size_t ahead = block % 2 == 0 ? 0 : 2;
    const RowsBrought before = learner.rows_brought();
    size_t brought = 0;
    std::vector<double> times;
    for (size_t step = 0; step < kSteps; ++step) {
      const auto of = [&](size_t s) -> const Drawn& { return batches[(block * kSteps + s) % batches.size()]; };
      const double began = Clock::system().now_seconds();
      for (; ahead > 0 && brought <= std::min(step + ahead, kSteps - 1); ++brought)
        learner.bring_ahead(of(brought).view());
      learner.step(of(step).view(), of(step).targets);
      if (step > 0) times.push_back(1e3 * (Clock::system().now_seconds() - began));
    }
    if (block < 2) continue;  // first touch of optimiser state and memory
    ms[block % 2].push_back(median(times));
    sums[block % 2] += since(learner.rows_brought(), before);
  }
  std::printf("%lld x 16 rows, %zu records a batch, %d torch threads, %zu blocks of %zu steps each\n",
              static_cast<long long>(rows), records, config.threads, blocks - 1, kSteps);
  show("read in the step", ms[0], sums[0]);
  show("brought 2 ahead", ms[1], sums[1]);
}
